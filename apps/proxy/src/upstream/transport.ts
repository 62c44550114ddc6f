import type { BodySource } from '../body-source.ts'
import type { Failure } from '../failure/failure.ts'

/** A request as it goes to an endpoint. */
export interface OutgoingRequest {
  readonly method: string
  /** Path and query. */
  readonly target: string
  /** Value of `Host`. */
  readonly authority: string
  /** Names and values in turn, without `Host`, without hop-by-hop fields but `TE: trailers`. */
  readonly headers: readonly string[]
  readonly body: BodySource | undefined
}

/** Hears what becomes of a request. After `onEnd` or `onFailure`, one of which always comes, nothing more is told. */
export interface UpstreamHandler {
  /** It has a connection; bytes may leave from now on. */
  onStart(): void
  /** The request is written completely. */
  onSent(): void
  /** An interim answer (1xx). */
  onInform(status: number, headers: readonly string[]): void
  /** The head of the answer: names and values in turn, as received. */
  onHead(status: number, headers: readonly string[]): void
  /** A piece of the answer's body. False: tell no more until `resume()`. */
  onData(chunk: Buffer): boolean
  /** A piece of the request's body has left. */
  onUploaded(): void
  onEnd(trailers: readonly string[]): void
  onFailure(failure: Failure): void
}

/** A request under way. */
export interface UpstreamCall {
  resume(): void
  /** Takes the request back: its connection is closed, or its place in the queue given up. The handler hears no more. */
  abort(): void
}

/** Sends requests to one endpoint. A later codec takes the place of the one that stands behind it now. */
export interface Transport {
  /** @param queueLimit longest wait for a connection in milliseconds, 0 = no limit */
  send(request: OutgoingRequest, handler: UpstreamHandler, queueLimit: number): UpstreamCall
}
