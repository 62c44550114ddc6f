import { ChunkedBody } from './chunked-body.ts'
import { type Data, type End, endWithoutTrailers } from './events.ts'
import { type Framing, FramingFacts } from './framing.ts'
import { Input } from './input.ts'
import type { Limits } from './limits.ts'
import { LineBlock } from './line-block.ts'
import type { Reason } from './reasons.ts'

/** What is read where a version should stand, and is none, is judged as soon as it can be seen. */
const responsePrefix = { bytes: Buffer.from('HTTP/', 'latin1'), otherwise: 'version_malformed' } as const

/** The reading half that both roles share: collects heads, then reads bodies by the framing it is told. */
export class MessageReader {
  readonly limits: Limits
  readonly input = new Input()
  /** Scratch space for the heads of this connection. */
  readonly facts: FramingFacts
  readonly #head: LineBlock
  #chunked: ChunkedBody | undefined = undefined
  #framing: Framing = 'none'
  #left = 0
  #emptyLines = 0

  /** @param side what is read */
  constructor(side: 'request' | 'response', limits: Limits) {
    this.facts = new FramingFacts(side)
    this.limits = limits
    this.#head = new LineBlock({
      bytes: limits.head,
      tooLarge: 'head_too_large',
      lines: limits.fields + 1,
      firstLine: limits.startLine,
      prefix: side === 'response' ? responsePrefix : undefined,
    })
  }

  /** Bytes held for any reason. */
  get buffered(): number {
    return this.input.buffered + this.#head.buffered + (this.#chunked?.buffered ?? 0)
  }

  /** Whether a byte of the next head has come. */
  get begun(): boolean {
    return this.input.buffered > 0 || this.#head.buffered > 0
  }

  /**
   * Collects a head. Gives its text, undefined when more bytes are needed, or sets `fault`.
   * @param forgiven how many empty lines before it are ignored. RFC 9112, 2.2
   */
  readHead(forgiven: number): string | undefined {
    for (;;) {
      const text = this.#head.read(this.input)
      if (text !== '') {
        if (text !== undefined) this.#emptyLines = 0
        return text
      }
      this.#emptyLines++
      if (this.#emptyLines > forgiven) {
        this.#head.fault = 'leading_empty_line'
        return undefined
      }
    }
  }

  /** Why no head can come any more. */
  get fault(): Reason | undefined {
    return this.#head.fault ?? (this.#starved ? 'buffer_overflow' : undefined)
  }

  /** All that was kept is read, but not all that arrived was kept. */
  get #starved(): boolean {
    return this.input.overflowed && this.input.buffered === 0
  }

  /** Prepares for a body. `length` matters for framing `length` only. */
  startBody(framing: Framing, length: number): void {
    this.#framing = framing
    this.#left = length
    if (framing !== 'chunked') return
    this.#chunked ??= new ChunkedBody(this.limits)
    this.#chunked.restart()
  }

  /** The next piece or the end of the body, the reason to refuse it, or undefined when more bytes are needed. */
  readBody(): Data | End | Reason | undefined {
    const { input } = this
    if (this.#framing === 'none' || (this.#framing === 'length' && this.#left === 0)) return endWithoutTrailers
    const read = this.#framing === 'chunked' ? this.#chunked?.read(input) : this.#readPlain()
    if (read !== undefined) return read
    if (this.#starved) return 'buffer_overflow'
    if (!input.ended) return undefined
    return this.#framing === 'close' ? endWithoutTrailers : 'truncated_body'
  }

  #readPlain(): Data | undefined {
    if (!this.input.next()) return undefined
    const bytes = this.input.take(this.#framing === 'length' ? this.#left : Infinity)
    this.#left -= bytes.length
    return { kind: 'data', bytes }
  }

  /** Drops everything: nothing more is read from this connection. */
  stop(): void {
    this.input.clear()
    this.input.overflowed = true // nothing that still arrives is kept
    this.#head.reset()
  }
}
