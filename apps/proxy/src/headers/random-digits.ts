import { randomBytes } from 'node:crypto'

const bytesAtOnce = 8192
let digits = ''
let used = 0

/**
 * So many random hexadecimal digits, lower case. They are drawn in bulk: asking the system, and turning bytes into
 * text, costs far more than cutting a piece out of a long text.
 */
export function randomDigits(count: number): string {
  if (used + count > digits.length) {
    digits = randomBytes(bytesAtOnce).toString('hex')
    used = 0
  }
  used += count
  return digits.slice(used - count, used)
}
