import { type Refused, reasons } from '@vrata/http1'
import { Failure } from '../../failure/failure.ts'
import type { FailureReason } from '../../failure/failures.ts'

/** Statuses for which there is a failure of its own; all others are malformed requests. */
const failureOf: Readonly<Record<number, FailureReason>> = {
  413: 'payload_too_large',
  414: 'uri_too_long',
  431: 'request_headers_too_large',
}

/** What a client is told whose bytes the codec refused; undefined when it just went away and there is nobody to tell. */
export function refusalFailure({ reason }: Refused): Failure | undefined {
  if (reason === 'truncated_head' || reason === 'truncated_body') return undefined
  const { status, text } = reasons[reason]
  return new Failure(failureOf[status] ?? 'bad_request', { message: text, rule: reason, status })
}
