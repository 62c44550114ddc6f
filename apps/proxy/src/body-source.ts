import type { Failure } from './failure/failure.ts'

/** Takes a request body as it arrives. */
export interface BodySink {
  /**
   * A piece of the body. Its bytes may be overwritten when this returns: whoever keeps them copies them by `kept`. To get no
   * more for now, call `pause()` of the source.
   */
  onChunk(chunk: Buffer): void
  /** The body is complete. `trailers`: names and values in turn. */
  onEnd(trailers: readonly string[]): void
  /** No more will come: too large, or too slow. A client that went away is told to the exchange, not here. */
  onFailure(failure: Failure): void
}

/**
 * The body of a request on its way in. It starts paused and delivers to one sink at a time; a later sink takes over
 * from where the earlier one stopped.
 */
export interface BodySource {
  /** Bytes as declared by the client; undefined when the body is chunked. */
  readonly length: number | undefined
  deliverTo(sink: BodySink): void
  resume(): void
  pause(): void
}
