import type { Refused } from '@vrata/http1'
import { Failure } from '../../failure/failure.ts'
import { closedFailure, isEarlyEnd } from '../closed-failure.ts'

/** The failure of a request whose answer the codec refused: its reason is told to clients, its sentence is the cause. */
export function refusedFailure({ reason, text }: Refused): Failure {
  const cause = new Error(text)
  if (isEarlyEnd(reason)) return closedFailure(reason, cause)
  return new Failure('upstream_protocol_error', { rule: reason }, cause)
}
