import { Failure } from '../failure/failure.ts'

/** Where the end of a connection cut an answer short, in the words of the codec. */
export type EarlyEnd = 'closed_before_response' | 'truncated_head' | 'truncated_body'

const messages: Readonly<Record<EarlyEnd, string>> = {
  closed_before_response: 'the upstream closed the connection before it answered',
  truncated_head: 'the upstream closed the connection before its answer was complete',
  truncated_body: 'the upstream closed the connection before its answer was complete',
}

/** Whether a rule is about an end that came too early. */
export function isEarlyEnd(rule: string): rule is EarlyEnd {
  return rule in messages
}

/** The failure of a request whose endpoint ended the connection too early, over whatever protocol. */
export function closedFailure(rule: EarlyEnd, cause: unknown): Failure {
  return new Failure('upstream_protocol_error', { rule, message: messages[rule] }, cause)
}
