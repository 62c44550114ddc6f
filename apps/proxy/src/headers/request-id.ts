import { randomDigits } from './random-digits.ts'

/** A new value for `X-Request-Id`: a random UUID, version 4 (RFC 9562, 5.4). */
export function newRequestId(): string {
  const digits = randomDigits(30)
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(12, 15)}-a${digits.slice(15, 18)}-${digits.slice(18)}`
}
