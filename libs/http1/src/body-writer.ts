import type { FieldLines } from './field-lines.ts'
import { nameFlag } from './field-names.ts'
import type { Framing } from './framing.ts'
import { WriteError } from './reasons.ts'

/**
 * What to write, in this order; empty when there is nothing to write. Texts are to be written as latin1: one byte for each
 * character. Bytes are those that were given to be written, not copied.
 */
export type Outgoing = readonly (string | Buffer)[]

/** The same as one buffer; for programs that do not mind a copy. */
export function outgoingBytes(out: Outgoing): Buffer {
  return Buffer.concat(out.map((piece) => (typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece)))
}

const nothing: Outgoing = Object.freeze([])
const none = Buffer.alloc(0)

/** Puts text before and after some bytes. */
function frame(before: string, bytes: Buffer, after: string): Outgoing {
  if (bytes.length === 0) return before === '' && after === '' ? nothing : [before + after]
  if (after === '') return before === '' ? [bytes] : [before, bytes]
  return before === '' ? [bytes, after] : [before, bytes, after]
}

/** The writing half that both roles share: frames a body as announced and holds the caller to its length. */
export class BodyWriter {
  #framing: Framing = 'none'
  #left = 0

  /** Prepares for a body of `length` bytes; the length matters for framing `length` only. */
  start(framing: Framing, length: number): void {
    this.#framing = framing
    this.#left = length
  }

  /**
   * Encodes a head (or ''), the next bytes of the body, and its end when `last`.
   * @throws WriteError `body_not_allowed`, `body_length_differs`, `trailer_forbidden`; nothing counts as written then
   */
  encode(head: string, bytes: Buffer = none, last = false, trailers?: FieldLines): Outgoing {
    if (trailers !== undefined && (trailers.flags & (nameFlag.trailerRefused | nameFlag.trailerDropped)) !== 0) {
      throw new WriteError('trailer_forbidden')
    }
    switch (this.#framing) {
      case 'none':
        if (bytes.length > 0) throw new WriteError('body_not_allowed')
        return frame(head, none, '')
      case 'length': {
        const left = this.#left - bytes.length
        if (left < 0 || (last && left > 0)) throw new WriteError('body_length_differs')
        this.#left = left
        return frame(head, bytes, '')
      }
      case 'chunked':
        return this.#encodeChunk(head, bytes, last, trailers)
      default:
        return frame(head, bytes, '')
    }
  }

  #encodeChunk(head: string, bytes: Buffer, last: boolean, trailers: FieldLines | undefined): Outgoing {
    const end = last ? `0\r\n${trailers?.text ?? ''}\r\n` : ''
    // An empty chunk would end the body.
    if (bytes.length === 0) return frame(head + end, none, '')
    return frame(`${head}${bytes.length.toString(16)}\r\n`, bytes, `\r\n${end}`)
  }
}
