import type { Refused } from '@vrata/http1'
import { Failure } from '../../failure/failure.ts'

/** The failure of a request whose answer the codec refused: its reason is told to clients, its sentence is the cause. */
export function refusedFailure({ reason, text }: Refused): Failure {
  return new Failure('upstream_protocol_error', { rule: reason }, new Error(text))
}
