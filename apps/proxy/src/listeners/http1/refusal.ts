import { type Reason, type Refused, reasons } from '@vrata/http1'
import { Failure } from '../../failure/failure.ts'
import type { FailureReason } from '../../failure/failures.ts'

/** Reasons for which there is a failure of its own; all others are malformed requests. */
const failureOf: Partial<Record<Reason, FailureReason>> = {
  start_line_too_long: 'uri_too_long',
  head_too_large: 'request_headers_too_large',
  too_many_fields: 'request_headers_too_large',
  trailers_too_large: 'request_headers_too_large',
  too_many_trailers: 'request_headers_too_large',
  content_length_too_large: 'payload_too_large',
  chunk_size_too_large: 'payload_too_large',
  chunk_extensions_too_large: 'payload_too_large',
}

/** What a client is told whose bytes the codec refused; undefined when it just went away and there is nobody to tell. */
export function refusalFailure({ reason }: Refused): Failure | undefined {
  if (reason === 'truncated_head' || reason === 'truncated_body') return undefined
  const { status, text } = reasons[reason]
  return new Failure(failureOf[reason] ?? 'bad_request', { message: text, rule: reason, status })
}
