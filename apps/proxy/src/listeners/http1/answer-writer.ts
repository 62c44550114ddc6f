import type { BodyLength, OutgoingResponse, ServerConnection } from '@vrata/http1'
import type { Downstream, DownstreamEvents } from '../../downstream.ts'
import type { Exchange } from '../../exchange.ts'
import type { HeaderLines } from '../../headers/header-lines.ts'
import { kept } from '../../sockets/direct-socket.ts'
import { atTurnEnd, type TurnWriter } from '../../sockets/turn-end.ts'
import type { Tunnel } from '../../upgrade-offer.ts'
import type { Output } from './output.ts'
import { forwardedHead, informationalFields, ownHead, trailerFields } from './response-fields.ts'

/** What an answer asks of the connection that it goes out on. */
export interface AnswerHost {
  readonly codec: ServerConnection
  readonly output: Output
  /** Whether the connection can be used again after an answer that is given now. */
  readonly reusable: boolean
  /** The answer is complete. */
  onAnswered(): void
  /** Ends the connection so that the answer is seen to be incomplete. `hard`: only a reset can tell. */
  cut(hard: boolean): void
  onMistake(thrown: unknown): void
}

/** What is known of the request that an answer is for. */
export interface AnsweredRequest {
  readonly method: string
  /** 0 = HTTP/1.0. */
  readonly minor: number
}

const empty: Buffer = Buffer.alloc(0)

/** The first bytes of a body of unknown length wait with the head for the end of the turn, unless they are more than this. */
const heldUpTo = 16_384

/** Larger answers of our own are written in pieces, each when the client has taken the one before, in bytes. */
const pieceSize = 131_072

/** The client's side of one exchange on HTTP/1.1: its answer on the way out. */
export class AnswerWriter implements Downstream, TurnWriter {
  events: DownstreamEvents | undefined = undefined
  exchange: Exchange | undefined = undefined
  readonly takesTrailers: boolean
  /** gRPC needs HTTP/2; on HTTP/1.1 many clients never look at trailers. */
  readonly endsInStatus = false
  readonly #host: AnswerHost
  readonly #request: AnsweredRequest
  /** `head`: it waits for the first bytes of the body, or for the end of the turn. */
  #state: 'nothing' | 'head' | 'body' | 'joined' | 'done' = 'nothing'
  #head: OutgoingResponse | undefined = undefined
  /** Waits with the head. */
  #first = empty
  /** What is still to be written of an answer of our own. */
  #rest = empty
  #tunnel: Tunnel | undefined = undefined

  constructor(host: AnswerHost, request: AnsweredRequest) {
    this.#host = host
    this.#request = request
    this.takesTrailers = request.minor > 0
  }

  get headSent(): boolean {
    return this.#state !== 'nothing'
  }

  get closed(): boolean {
    return this.#state === 'done'
  }

  inform(status: number, headers: readonly string[]): void {
    // 100 is for whoever waits to send the body, and is sent when somebody wants that.
    if (this.#state !== 'nothing' || status === 100) return
    try {
      this.#host.output.write(this.#host.codec.inform(status, informationalFields(headers)))
    } catch (thrown) {
      this.#break(thrown)
    }
  }

  head(status: number, headers: HeaderLines, length: BodyLength): void {
    if (this.#state !== 'nothing') return
    this.#head = forwardedHead(status, headers, length, !this.#host.reusable)
    this.#state = 'head'
    atTurnEnd(this)
  }

  /** Sends the head when no body came with it in the same turn, as an event stream may have none for long. */
  onTurnEnd(): void {
    if (this.#state !== 'head') return
    try {
      this.#start(false)
      this.#host.output.flush()
    } catch (thrown) {
      this.#break(thrown)
    }
  }

  write(chunk: Buffer): boolean {
    if (this.#state !== 'head' && this.#state !== 'body') return true
    try {
      if (this.#state === 'body') return this.#data(chunk, false)
      if (this.#first.length > 0) {
        this.#start(false)
        return this.#data(chunk, false)
      }
      if (this.#head?.length === 'unknown' && chunk.length <= heldUpTo) {
        this.#first = kept(chunk)
        return true
      }
      this.#first = chunk
      return this.#start(false)
    } catch (thrown) {
      this.#break(thrown)
      return true
    }
  }

  end(trailers: readonly string[]): void {
    if (this.#state !== 'head' && this.#state !== 'body') return
    try {
      const fields = trailerFields(trailers)
      if (this.#state === 'head' && fields === undefined) this.#start(true)
      else {
        if (this.#state === 'head') this.#start(false)
        this.#host.output.write(this.#host.codec.end(fields))
      }
    } catch (thrown) {
      this.#break(thrown)
      return
    }
    this.#finish()
  }

  answer(status: number, headers: readonly string[], body: Buffer): void {
    if (this.#state !== 'nothing') return
    try {
      const head = ownHead(status, headers, !this.#host.reusable)
      if (body.length > pieceSize && this.#request.method !== 'HEAD') {
        this.#head = { ...head, length: body.length }
        this.#rest = body
        this.#writeRest()
        return
      }
      this.#host.output.write(this.#host.codec.respond(head, body))
    } catch (thrown) {
      this.#break(thrown)
      return
    }
    this.#finish()
  }

  cut(): void {
    if (this.#state === 'done') return
    if (this.#tunnel !== undefined) {
      this.#tunnel.close()
      return
    }
    this.#state = 'done'
    // The body of an answer to HTTP/1.0 may end with the connection.
    this.#host.cut(this.#request.minor === 0)
  }

  /** From now on the connection belongs to a tunnel. */
  join(tunnel: Tunnel): void {
    this.#state = 'joined'
    this.#tunnel = tunnel
  }

  /** The client takes what is written again. */
  onDrain(): void {
    if (this.#rest.length === 0) {
      this.events?.onDrain()
      return
    }
    try {
      this.#writeRest()
    } catch (thrown) {
      this.#break(thrown)
    }
  }

  /** The connection is closed. */
  onClosed(): void {
    if (this.#state === 'joined') return
    const { events } = this
    const complete = this.#state === 'done'
    this.#state = 'done'
    this.events = undefined
    if (!complete) events?.onClientGone()
    this.exchange?.end()
  }

  #writeRest(): void {
    const { output } = this.#host
    while (this.#rest.length > 0 && !output.full) {
      const piece = this.#rest.subarray(0, pieceSize)
      this.#rest = this.#rest.subarray(pieceSize)
      const last = this.#rest.length === 0
      if (this.#state === 'nothing') {
        this.#first = piece
        this.#start(false)
      } else this.#data(piece, last)
      if (last) this.#finish()
    }
  }

  #start(last: boolean): boolean {
    const first = this.#first
    const head = this.#head
    this.#first = empty
    this.#state = 'body'
    return head === undefined || this.#host.output.write(this.#host.codec.start(head, first, last))
  }

  #data(bytes: Buffer, last: boolean): boolean {
    return this.#host.output.write(this.#host.codec.data(bytes, last))
  }

  #finish(): void {
    this.#state = 'done'
    this.events = undefined
    this.exchange?.end()
    this.#host.onAnswered()
  }

  /** What the codec refuses to write would have broken the message: then the connection is broken. */
  #break(thrown: unknown): void {
    const { events } = this
    this.events = undefined
    this.#host.onMistake(thrown)
    this.cut()
    events?.onClientGone()
  }
}
