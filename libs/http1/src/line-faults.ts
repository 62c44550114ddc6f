import type { Reason } from './reasons.ts'

/** The first byte of a block of lines that can not be there. */
export interface LineFault {
  readonly reason: Reason
  /** Offset of the byte that is wrong. */
  readonly at: number
}

const cr = 13
const lf = 10
const tab = 9
const space = 32
const del = 127

/** Lines of printable ASCII, not folded: nearly all heads. Twice as fast as the rule in full. */
const plainLines = /^(?:[!-~][ -~]*\r\n)+$/
/** The rule in full: tabs and bytes above 127 are allowed, though not at the start of a line for white space. */
const cleanLines = /^(?:[!-~\x80-\xff][\t -~\x80-\xff]*\r\n)+$/

/** Whether a complete block of lines, each with its CRLF, has no fault; when false, `firstFault` or the grammar tells why. */
export function isClean(text: string): boolean {
  return plainLines.test(text) || cleanLines.test(text)
}

/**
 * Finds the first fault among `bytes[from..to)`, in the order of arrival, so that it does not matter in which pieces
 * they came. A CR at the very end is not yet a fault. `from` may be any offset up to which (minus 2) the bytes have
 * been checked before.
 */
export function firstFault(bytes: Uint8Array, from: number, to: number): LineFault | undefined {
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0
    if (byte > space && byte !== del) continue
    if (byte === cr) {
      if (at + 1 < to && bytes[at + 1] !== lf) return { reason: 'bare_cr', at }
    } else if (byte === lf) {
      if (at === 0 || bytes[at - 1] !== cr) return { reason: 'bare_lf', at }
    } else if (byte === space || byte === tab) {
      if (at > 1 && bytes[at - 1] === lf) return { reason: 'folded_line', at }
    } else return { reason: 'control_character', at }
  }
  return undefined
}
