import { ChunkExtension } from './chunk-extension.ts'
import { type Data, type End, endWithoutTrailers } from './events.ts'
import type { Input } from './input.ts'
import type { Limits } from './limits.ts'
import { LineBlock } from './line-block.ts'
import type { Reason } from './reasons.ts'
import { walkTrailers } from './walk.ts'

type State = 'size' | 'extension' | 'size-lf' | 'data' | 'data-cr' | 'data-lf' | 'trailers'

const cr = 13
const lf = 10

/** The value of a hexadecimal digit, -1 for any other byte. */
function hexValue(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48
  const letter = byte | 32
  return letter >= 97 && letter <= 102 ? letter - 87 : -1
}

/** Reads bodies in chunked coding. One object serves all bodies of a connection. RFC 9112, 7.1 */
export class ChunkedBody {
  readonly #limits: Limits
  readonly #extension = new ChunkExtension()
  readonly #trailers: LineBlock
  #state: State = 'size'
  #digits = 0
  #left = 0
  #extensionBytes = 0

  constructor(limits: Limits) {
    this.#limits = limits
    this.#trailers = new LineBlock({
      bytes: limits.trailers,
      tooLarge: 'trailers_too_large',
      lines: limits.trailerFields,
      firstLine: Infinity,
    })
  }

  /** Bytes copied of incomplete trailers. */
  get buffered(): number {
    return this.#trailers.buffered
  }

  /** Ready for the first chunk of a body. */
  restart(): void {
    this.#state = 'size'
    this.#digits = 0
    this.#left = 0
    this.#extensionBytes = 0
  }

  /** The next piece or the end of the body, the reason to refuse it, or undefined when more bytes are needed. */
  read(input: Input): Data | End | Reason | undefined {
    while (input.next()) {
      if (this.#state === 'data') return this.#readData(input)
      if (this.#state === 'trailers') return this.#readTrailers(input)
      const fault = this.#readByte(input.chunk[input.at++] ?? 0)
      if (fault !== undefined) return fault
    }
    return undefined
  }

  #readData(input: Input): Data {
    const bytes = input.take(this.#left)
    this.#left -= bytes.length
    if (this.#left === 0) this.#state = 'data-cr'
    return { kind: 'data', bytes }
  }

  #readTrailers(input: Input): End | Reason | undefined {
    const text = this.#trailers.read(input)
    if (text === undefined) return this.#trailers.fault
    if (text === '') return endWithoutTrailers
    const trailers = walkTrailers(text, this.#limits.trailerFields)
    return typeof trailers === 'string'
      ? trailers
      : { kind: 'end', trailers: trailers.length === 0 ? undefined : trailers }
  }

  /** One byte outside data and trailers. */
  #readByte(byte: number): Reason | undefined {
    switch (this.#state) {
      case 'size':
        return this.#readSize(byte)
      case 'extension':
        return this.#readExtension(byte)
      case 'size-lf':
        if (byte !== lf) return 'bare_cr'
        this.#state = this.#left === 0 ? 'trailers' : 'data'
        return undefined
      case 'data-cr':
        if (byte !== cr) return byte === lf ? 'bare_lf' : 'chunk_end_missing'
        this.#state = 'data-lf'
        return undefined
      default:
        if (byte !== lf) return 'bare_cr'
        this.#state = 'size'
        this.#digits = 0
        return undefined
    }
  }

  #readSize(byte: number): Reason | undefined {
    const value = hexValue(byte)
    if (value >= 0) {
      if (this.#digits === this.#limits.chunkSizeDigits) return 'chunk_size_too_large'
      this.#left = this.#left * 16 + value
      this.#digits++
      return undefined
    }
    if (byte === lf) return 'bare_lf'
    if (this.#digits === 0) return 'chunk_size_malformed'
    if (byte === cr) {
      this.#state = 'size-lf'
      return undefined
    }
    this.#extension.restart()
    if (!this.#extension.accept(byte)) return 'chunk_size_malformed'
    this.#state = 'extension'
    return this.#countExtension()
  }

  #readExtension(byte: number): Reason | undefined {
    if (byte === lf) return 'bare_lf'
    if (byte === cr) {
      if (!this.#extension.complete) return 'chunk_extension_malformed'
      this.#state = 'size-lf'
      return undefined
    }
    if ((byte < 32 && byte !== 9) || byte === 127) return 'control_character'
    return this.#extension.accept(byte) ? this.#countExtension() : 'chunk_extension_malformed'
  }

  #countExtension(): Reason | undefined {
    this.#extensionBytes++
    return this.#extensionBytes > this.#limits.chunkExtensions ? 'chunk_extensions_too_large' : undefined
  }
}
