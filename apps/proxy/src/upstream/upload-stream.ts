import { Readable } from 'node:stream'
import type { BodySink, BodySource } from '../body-source.ts'
import type { Failure } from '../failure/failure.ts'

/** A request body in the form that the HTTP client reads. Pulls from the source only as fast as it is read. */
export class UploadStream extends Readable implements BodySink {
  readonly #source: BodySource

  constructor(source: BodySource) {
    super({ highWaterMark: 65_536 })
    this.#source = source
    source.deliverTo(this)
  }

  override _read(): void {
    this.#source.resume()
  }

  onChunk(chunk: Buffer): void {
    if (!this.push(chunk)) this.#source.pause()
  }

  /** Trailers of requests are dropped here: the HTTP client cannot send any. */
  onEnd(): void {
    this.push(null)
  }

  onFailure(failure: Failure): void {
    this.destroy(failure)
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#source.pause()
    done(error)
  }
}
