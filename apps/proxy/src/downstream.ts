import type { BodyLength } from '@vrata/http1'
import type { HeaderLines } from './headers/header-lines.ts'

/** Hears what happens on the client's side of an exchange after its request has begun. */
export interface DownstreamEvents {
  /** The client has taken what was written; after a `write` that returned false. */
  onDrain(): void
  /** The client went away before its answer was complete. */
  onClientGone(): void
}

/**
 * The client's side of one exchange, whichever protocol it speaks. Heads hold nothing about framing or the connection:
 * that is the protocol's own matter. Flat lists are names and values in turn.
 */
export interface Downstream {
  /** Who hears the events; undefined until somebody works on the answer. */
  events: DownstreamEvents | undefined
  /** Whether the final head is out: from then on a failure can only cut, or be a status at the end. */
  readonly headSent: boolean
  /** Whether the answer is complete or the client is gone: nothing can be written any more. */
  readonly closed: boolean
  /** Whether an answer of unknown length may carry trailers. */
  readonly takesTrailers: boolean
  /** Whether an answer of gRPC has begun that can still say in trailers how it went: whoever reads it believes only them. */
  readonly endsInStatus: boolean
  /** An interim answer (1xx but 101), before the final head. */
  inform(status: number, headers: readonly string[]): void
  /**
   * The final head. It goes out with the first bytes of the body, or at the end of this turn of the event loop.
   * `length`: of the body, also where it is not sent (HEAD, 304).
   */
  head(status: number, headers: HeaderLines, length: BodyLength): void
  /**
   * Takes a piece of the body; the caller may overwrite its bytes afterwards.
   *
   * @returns false when the client does not keep up: wait for `onDrain`
   */
  write(chunk: Buffer): boolean
  /** The answer is complete. `trailers`: a flat list. */
  end(trailers: readonly string[]): void
  /** A whole answer at once, made by the gateway itself. What is left of the request is drained within limits. */
  answer(status: number, headers: readonly string[], body: Buffer): void
  /** Closes the connection so that the client cannot take what it got for a complete answer. */
  cut(): void
}
