import type { BodyLength, FieldLines } from '@vrata/http1'
import type { BodySource } from '../body-source.ts'
import type { Failure } from '../failure/failure.ts'
import type { HeaderName } from '../headers/header-name.ts'
import type { ReceivedFields } from '../headers/received-fields.ts'

/** Takes the header lines of a request in the form that a protocol needs. The codec's `FieldLines` are one. */
export interface FieldSink {
  /** A line that was received: its value is not checked again. */
  addReceived(name: HeaderName, value: string): unknown
  /** A line of our own. @throws WriteError when it could break the message */
  add(name: string, value: string): unknown
}

/** A request as it goes to an endpoint. It may be asked for its parts more than once: when it is sent again. */
export interface OutgoingRequest {
  readonly method: string
  /** Path and query. */
  readonly target: string
  /** Value of `Host`, or of `:authority`. */
  readonly host: string
  /** Of the body; `unknown` when only its end tells. */
  readonly length: BodyLength
  readonly body: BodySource | undefined
  /** Whether the client waits to be told that somebody wants its body. */
  readonly expectContinue: boolean
  /** Whether trailers of the answer are understood (`TE: trailers`). */
  readonly acceptTrailers: boolean
  /** The header lines for HTTP/1.1: made anew each time it is asked. */
  readonly fields: FieldLines
  /** Gives all header lines but those of framing, of the connection, and `Host`. */
  writeFields(sink: FieldSink): void
}

/** The head of an answer. The codec's `ResponseHead` is one. */
export interface AnswerHead {
  readonly status: number
  readonly fields: ReceivedFields
  /** Of the body, also where it is not sent (HEAD, 304); `unknown` when only its end tells. */
  readonly bodyLength: BodyLength
}

/** Hears what becomes of a request. After `onEnd` or `onFailure`, one of which always comes, nothing more is told. */
export interface UpstreamHandler {
  /** It has a connection; bytes may leave from now on. Comes again when the request is silently sent once more. */
  onStart(): void
  /** The request is written completely. */
  onSent(): void
  /** An interim answer (1xx but 100 and 101). */
  onInform(status: number, fields: ReceivedFields): void
  onHead(head: AnswerHead): void
  /**
   * A piece of the answer's body. Its bytes may be overwritten when this returns: whoever keeps them copies them by `kept`.
   * False: tell no more until `resume()`.
   */
  onData(chunk: Buffer): boolean
  /** A piece of the request's body has left. */
  onUploaded(): void
  onEnd(trailers: ReceivedFields | undefined): void
  onFailure(failure: Failure): void
}

/** A request under way. */
export interface UpstreamCall {
  resume(): void
  /** Takes the request back: its connection is closed, or its place in the queue given up. The handler hears no more. */
  abort(): void
}

/** Sends requests to one endpoint. */
export interface Transport {
  /** @param queueLimit longest wait for a connection in milliseconds, 0 = no limit */
  send(request: OutgoingRequest, handler: UpstreamHandler, queueLimit: number): UpstreamCall
}
