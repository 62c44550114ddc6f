import type { BodySink, BodySource } from '../../body-source.ts'
import { Failure } from '../../failure/failure.ts'

/** Who pulls a body out of its connection. */
export interface BodyReader {
  /** The body is wanted: it is to be read now, and as it comes. */
  onWanted(): void
  /** No more is wanted for the moment. */
  onUnwanted(): void
  /** Nothing more of the request is to be read. */
  stopReading(): void
}

/** The body of a request on an HTTP/1.1 connection. Nothing of it is read before somebody wants it. */
export class RequestBody implements BodySource {
  readonly length: number | undefined
  readonly #reader: BodyReader
  /** Most bytes; 0 = no limit. */
  readonly #limit: number
  #sink: BodySink | undefined = undefined
  #wanted = false
  #received = 0
  #heard = 0
  #state: 'open' | 'failed' | 'ended' | 'discarded' = 'open'
  #failure: Failure | undefined = undefined

  constructor(reader: BodyReader, length: number | undefined, limit: number) {
    this.#reader = reader
    this.length = length
    this.#limit = limit
  }

  /** Whether the reader may go on. */
  get wanted(): boolean {
    return this.#wanted
  }

  /** Whether it failed: what is left of it is not worth reading. */
  get failed(): boolean {
    return this.#state === 'failed'
  }

  /** Bytes that came since nobody hears of them any more. */
  get discarded(): number {
    return this.#received - this.#heard
  }

  /** Bytes that are still to come; undefined when only the end will tell. */
  get outstanding(): number | undefined {
    if (this.#state === 'ended') return 0
    return this.length === undefined ? undefined : this.length - this.#received
  }

  deliverTo(sink: BodySink): void {
    this.#sink = sink
  }

  resume(): void {
    if (this.#failure !== undefined) this.#tell(this.#failure)
    if (this.#state !== 'open' || this.#wanted) return
    this.#wanted = true
    this.#reader.onWanted()
  }

  pause(): void {
    if (this.#state !== 'open' || !this.#wanted) return
    this.#wanted = false
    this.#reader.onUnwanted()
  }

  /** A piece was read. */
  onData(bytes: Buffer): void {
    this.#received += bytes.length
    if (this.#state !== 'open') return
    if (this.#limit > 0 && this.#received > this.#limit) this.fail(new Failure('payload_too_large'))
    else this.#sink?.onChunk(bytes)
  }

  /** All was read. `trailers`: names and values in turn. */
  onEnd(trailers: readonly string[]): void {
    const told = this.#state === 'open'
    this.#state = 'ended'
    if (told) this.#sink?.onEnd(trailers)
  }

  /** Ends it by a failure: it broke a rule, came too slowly, or is too long. */
  fail(failure: Failure): void {
    if (this.#state !== 'open') return
    this.#state = 'failed'
    this.#wanted = false
    this.#failure = failure
    this.#reader.stopReading()
    this.#tell(failure)
  }

  /** Nobody hears of it any more. What still comes may be read and dropped. */
  discard(): void {
    if (this.#state !== 'open') return
    this.#state = 'discarded'
    this.#heard = this.#received
    this.#wanted = true
    this.#sink = undefined
  }

  /** Tells it once, and not before there is somebody to hear it. */
  #tell(failure: Failure): void {
    if (this.#sink === undefined) return
    this.#failure = undefined
    this.#sink.onFailure(failure)
  }
}
