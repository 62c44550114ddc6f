import { randomDigits } from './random-digits.ts'

/** A new value for `X-Request-Id`: 128 random bits in hexadecimal digits. */
export function newRequestId(): string {
  return randomDigits(32)
}
