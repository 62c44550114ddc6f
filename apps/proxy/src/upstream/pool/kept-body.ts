import type { BodySink, BodySource } from '../../body-source.ts'

/** Longer beginnings are not kept, in bytes. */
const mostKept = 16_384

/**
 * The beginning of a body that is being sent, kept for as long as the endpoint may still say that it heard nothing of
 * it. Short bodies, as most of gRPC are, can then be sent again whole.
 */
export class KeptBody implements BodySource {
  readonly length: number | undefined
  readonly #source: BodySource
  #chunks: Buffer[] = []
  #size = 0
  /** Undefined until the end was seen. */
  #trailers: readonly string[] | undefined = undefined
  #sink: BodySink | undefined = undefined
  #whole = true
  #replaying = false

  constructor(source: BodySource) {
    this.#source = source
    this.length = source.length
  }

  /** Whether nothing that was sent is missing. */
  get whole(): boolean {
    return this.#whole
  }

  /** A piece is being sent; nobody may overwrite it. */
  keep(chunk: Buffer): void {
    this.#size += chunk.length
    if (this.#size <= mostKept) this.#chunks.push(chunk)
    else this.drop()
  }

  /** All is sent. */
  keepEnd(trailers: readonly string[]): void {
    this.#trailers = trailers
  }

  /** It will not be sent again. */
  drop(): void {
    this.#whole = false
    this.#chunks = []
  }

  /** From here on it is read once more, from its beginning. */
  rewind(): this {
    this.#replaying = true
    return this
  }

  deliverTo(sink: BodySink): void {
    this.#sink = sink
    if (!this.#replaying) this.#source.deliverTo(sink)
  }

  resume(): void {
    if (this.#replaying && this.#sink !== undefined) this.#replay(this.#sink)
    else this.#source.resume()
  }

  pause(): void {
    if (!this.#replaying) this.#source.pause()
  }

  /** It is small enough to be handed over at once. */
  #replay(sink: BodySink): void {
    this.#replaying = false
    for (const chunk of this.#chunks) sink.onChunk(chunk)
    if (this.#trailers !== undefined) {
      sink.onEnd(this.#trailers)
      return
    }
    this.#source.deliverTo(sink)
    this.#source.resume()
  }
}
