import { randomUUID } from 'node:crypto'

/** A new value for `X-Request-Id`: a random UUID. */
export function newRequestId(): string {
  return randomUUID()
}
