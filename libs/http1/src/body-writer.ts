import type { FieldLines } from './field-lines.ts'
import { nameFlag } from './field-names.ts'
import type { Framing } from './framing.ts'
import { WriteError } from './reasons.ts'

/** Buffers to write in this order; usually one, none when there is nothing to write. */
export type Outgoing = readonly Buffer[]

/** Up to this size a piece of body is copied behind its head or chunk size, because one write costs less than two. */
const copiedUpTo = 16_384

const nothing: Outgoing = Object.freeze([])
const none = Buffer.alloc(0)

/** Puts text before and after some bytes, in one buffer unless the bytes are many. */
function frame(before: string, bytes: Buffer, after: string): Outgoing {
  if (bytes.length > copiedUpTo) {
    const pieces = [bytes]
    if (before !== '') pieces.unshift(Buffer.from(before, 'latin1'))
    if (after !== '') pieces.push(Buffer.from(after, 'latin1'))
    return pieces
  }
  if (before === '' && after === '') return bytes.length === 0 ? nothing : [bytes]
  const whole = Buffer.allocUnsafe(before.length + bytes.length + after.length)
  if (before !== '') whole.write(before, 0, 'latin1')
  if (bytes.length > 0) whole.set(bytes, before.length)
  if (after !== '') whole.write(after, before.length + bytes.length, 'latin1')
  return [whole]
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
