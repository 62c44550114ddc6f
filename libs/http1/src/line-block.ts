import type { Input } from './input.ts'
import { firstFault, isClean } from './line-faults.ts'

import type { Reason } from './reasons.ts'

const cr = 13
const lf = 10
const none = Buffer.alloc(0)
const blockEnd = Buffer.from('\r\n\r\n', 'latin1')

/** How a block of lines is bounded, and the reason code of each bound. */
export interface BlockBounds {
  /** Bytes of the block with its empty line. */
  readonly bytes: number
  readonly tooLarge: Reason
  /** Lines without the empty one. Who reads more than these in what `read` gives has to refuse it. */
  readonly lines: number
  /** Bytes of the first line without CRLF; Infinity when the first line is like any other. */
  readonly firstLine: number
  /** What every block begins with, so that a peer that speaks something else is not waited for. */
  readonly prefix?: { readonly bytes: Buffer; readonly otherwise: Reason } | undefined
}

/**
 * Collects lines up to an empty line: a head or a trailer section. Usually all of it lies in one buffer and becomes
 * one string at once; otherwise the pieces are copied together, never more than the bound, and checked as they come,
 * so that a peer that sends garbage is not waited for.
 */
export class LineBlock {
  /** Set when `read` found something that can not be there. */
  fault: Reason | undefined = undefined
  readonly #bounds: BlockBounds
  #pieces: Buffer = none
  #length = 0
  /** Whole lines among the pieces. */
  #lines = 0

  constructor(bounds: BlockBounds) {
    this.#bounds = bounds
  }

  /** Bytes copied so far of an incomplete block. */
  get buffered(): number {
    return this.#length
  }

  /**
   * Reads on. Gives the lines, each with its CRLF, without the empty line; '' when the empty line came first;
   * undefined when more bytes are needed or `fault` was set. Of a block that has more lines than it may have, the lines up
   * to the first that is too many are given at once: whoever reads them finds what is wrong, in the order of the lines.
   */
  read(input: Input): string | undefined {
    while (input.next()) {
      const text = this.#length === 0 ? this.#readWhole(input) : undefined
      if (text !== undefined) return text
      const joined = this.#readPiece(input)
      if (joined !== undefined || this.fault !== undefined) return joined
    }
    return undefined
  }

  /** The fast path: the block begins and ends in the current buffer. Leaves all doubtful cases to the slow path. */
  #readWhole(input: Input): string | undefined {
    const { chunk, at } = input
    const { bytes, firstLine } = this.#bounds
    if (chunk[at] === cr) {
      if (chunk[at + 1] !== lf) return undefined
      input.at = at + 2
      return ''
    }
    const end = chunk.indexOf(blockEnd, at)
    if (end === -1 || end + 4 - at > bytes) return undefined
    const text = chunk.toString('latin1', at, end + 2)
    if (!isClean(text) || text.indexOf('\r') > firstLine) return undefined
    input.at = end + 4
    return text
  }

  #readPiece(input: Input): string | undefined {
    const before = this.#length
    const { chunk, at } = input
    // One byte more than allowed is enough to see that it is too much.
    const piece = chunk.subarray(at, at + this.#bounds.bytes + 1 - before)
    this.#append(piece)
    const end = this.#end(before)
    const linesEnd = end === -1 ? this.#length : end - 2
    const excess = this.#findExcess(before, linesEnd)
    const to = excess === -1 ? Math.max(linesEnd, end) : excess
    this.fault = this.#findFault(before, to, end)
    if (this.fault !== undefined) return undefined
    input.at = at + to - before
    if (excess === -1 && end === -1) return undefined
    const text = this.#pieces.toString('latin1', 0, excess === -1 ? linesEnd : excess)
    this.reset()
    return text
  }

  /** Counts the lines that were completed by the piece at `before`. Offset after the first that is too many, or -1. */
  #findExcess(before: number, linesEnd: number): number {
    const lines = this.#pieces.subarray(0, linesEnd)
    for (let at = lines.indexOf(lf, before); at !== -1; at = lines.indexOf(lf, at + 1)) {
      this.#lines++
      if (this.#lines > this.#bounds.lines) return at + 1
    }
    return -1
  }

  /** Offset after the empty line; -1 when it has not come yet. */
  #end(before: number): number {
    const pieces = this.#pieces
    if (this.#length > 1 && pieces[0] === cr && pieces[1] === lf) return 2
    const found = pieces.subarray(0, this.#length).indexOf(blockEnd, Math.max(0, before - 3))
    return found === -1 ? -1 : found + 4
  }

  /** The fault that comes first in the order of bytes up to `to`, so that the same bytes fail alike however they were cut. */
  #findFault(before: number, to: number, end: number): Reason | undefined {
    const { bytes, tooLarge, firstLine, prefix } = this.#bounds
    const fault = firstFault(this.#pieces, Math.max(0, before - 2), to)
    if (prefix !== undefined && before < prefix.bytes.length && end !== 2) {
      const at = mismatch(this.#pieces, prefix.bytes, to)
      // A CR that does not belong here is wrong whatever follows it.
      const isFirst = fault === undefined || at < fault.at || (at === fault.at && this.#pieces[at] === cr)
      if (at !== -1 && isFirst) return prefix.otherwise
    }
    if (to > firstLine && before <= firstLine + 1) {
      const lineEnd = this.#pieces.subarray(0, to).indexOf(cr)
      const tooLong = lineEnd === -1 || lineEnd > firstLine
      if (tooLong && (fault === undefined || fault.at > firstLine)) return 'start_line_too_long'
    }
    if (fault !== undefined) return fault.reason
    return to > bytes ? tooLarge : undefined
  }

  #append(piece: Buffer): void {
    const needed = this.#length + piece.length
    if (needed > this.#pieces.length) {
      const grown = Buffer.allocUnsafe(Math.min(this.#bounds.bytes + 1, Math.max(needed, 2 * this.#pieces.length, 512)))
      this.#pieces.copy(grown, 0, 0, this.#length)
      this.#pieces = grown
    }
    piece.copy(this.#pieces, this.#length)
    this.#length = needed
  }

  /** Forgets what was collected, ready for the next block. */
  reset(): void {
    this.#pieces = none
    this.#length = 0
    this.#lines = 0
  }
}

/** Offset of the first of `to` bytes that differs from `prefix`; -1 when none does. A CR at the start may end an empty line. */
function mismatch(bytes: Buffer, prefix: Buffer, to: number): number {
  if (bytes[0] === cr) return -1
  for (let at = 0; at < Math.min(to, prefix.length); at++) if (bytes[at] !== prefix[at]) return at
  return -1
}
