import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import type { BodyLength } from '@vrata/http1'
import type { Downstream, DownstreamEvents } from '../../downstream.ts'
import type { Exchange } from '../../exchange.ts'
import type { HeaderLines } from '../../headers/header-lines.ts'
import { kept } from '../../sockets/direct-socket.ts'
import { atTurnEnd, type TurnWriter } from '../../sockets/turn-end.ts'
import type { TimerWheel } from '../../timer-wheel.ts'
import type { Tunnel } from '../../upgrade-offer.ts'
import { isGrpc } from '../guard.ts'
import { StallWatch, type Writer } from '../stall-watch.ts'
import { breakStream, endWhenClosed, refuseRest } from './broken-stream.ts'
import { lineObject, ownLines, passedLines } from './response-lines.ts'

const empty: Buffer = Buffer.alloc(0)

/** Larger answers of our own are written in pieces, each when the client has taken the one before, in bytes. */
const pieceSize = 131_072

const answerOf = Symbol('answer')
type AnsweredStream = ServerHttp2Stream & { [answerOf]?: StreamAnswer | undefined }

/** The client's side of one exchange on HTTP/2: its answer on the way out. */
export class StreamAnswer implements Downstream, Writer, TurnWriter {
  events: DownstreamEvents | undefined = undefined
  exchange: Exchange | undefined = undefined
  readonly takesTrailers = true
  readonly #stream: ServerHttp2Stream
  readonly #method: string
  readonly #wheel: TimerWheel
  #stall: StallWatch | undefined = undefined
  readonly #stallLimit: number
  readonly #onMistake: (thrown: unknown) => void
  /** `head`: it waits for the first bytes of the body, or for the end of the turn. */
  #state: 'nothing' | 'head' | 'body' | 'joined' | 'done' = 'nothing'
  #head: readonly string[] = []
  #mayHaveTrailers = false
  /** Bytes of the body, where they were declared. */
  #declared = Infinity
  #trailers: readonly string[] = []
  /** The body is complete, and trailers, if only empty ones, come when the client has taken it. */
  #endsInTrailers = false
  #written = 0
  #rest = empty
  #tunnel: Tunnel | undefined = undefined

  /** @param stallLimit longest time without progress while the client does not read, in milliseconds; 0 = no limit */
  constructor(
    stream: ServerHttp2Stream,
    method: string,
    wheel: TimerWheel,
    stallLimit: number,
    onMistake: (thrown: unknown) => void,
  ) {
    this.#stream = stream
    this.#method = method
    this.#stallLimit = stallLimit
    this.#onMistake = onMistake
    this.#wheel = wheel
    const owned: AnsweredStream = stream
    owned[answerOf] = this
    owned.on('drain', onDrain)
    owned.on('finish', onFinish)
    endWhenClosed(stream)
    owned.on('close', onClose)
    owned.on('error', onError)
  }

  get headSent(): boolean {
    return this.#state !== 'nothing'
  }

  get closed(): boolean {
    return this.#state === 'done' || this.#stream.destroyed
  }

  get endsInStatus(): boolean {
    if (this.#state !== 'head' && this.#state !== 'body') return false
    const { destroyed, closed, writableEnded } = this.#stream
    return this.#mayHaveTrailers && !destroyed && !closed && !writableEnded && isGrpcHead(this.#head)
  }

  get pending(): number {
    return this.#stream.writableLength + (this.#endsInTrailers ? 1 : 0)
  }

  get taken(): number {
    return this.#written - this.#stream.writableLength
  }

  onStalled(): void {
    this.#stream.close(constants.NGHTTP2_CANCEL)
  }

  inform(status: number, headers: readonly string[]): void {
    // 100 is for whoever waits to send the body, and is sent when somebody wants that.
    if (this.#state !== 'nothing' || status === 100) return
    this.#interim(status, lineObject(headers))
  }

  /** Tells the client that somebody wants the body. */
  invite(): void {
    if (this.#state === 'nothing') this.#interim(100, {})
  }

  #interim(status: number, headers: OutgoingHttpHeaders): void {
    if (this.closed) return
    try {
      this.#stream.additionalHeaders({ ...headers, ':status': status })
    } catch (thrown) {
      this.#break(thrown)
    }
  }

  head(status: number, headers: HeaderLines, length: BodyLength): void {
    if (this.#state !== 'nothing' || this.closed) return
    this.#head = passedLines(status, headers, length)
    this.#mayHaveTrailers = length === 'unknown' && this.#method !== 'HEAD'
    if (typeof length === 'number') this.#declared = length
    this.#state = 'head'
    atTurnEnd(this)
  }

  /** Sends the head when nothing else came in the same turn, as an event stream may have no body for long. */
  onTurnEnd(): void {
    if (this.#state === 'head') this.#start(false)
  }

  write(chunk: Buffer): boolean {
    if (this.#state === 'head') this.#start(false)
    return this.#state !== 'body' || this.#write(chunk)
  }

  end(trailers: readonly string[]): void {
    const headAlone = this.#state === 'head' && trailers.length === 0
    if (this.#state === 'head') this.#start(headAlone)
    if (this.#state !== 'body') return
    this.#trailers = trailers
    this.#endsInTrailers = this.#mayHaveTrailers && !headAlone
    this.#watch()
    if (!this.#stream.writableEnded) this.#stream.end()
    this.#finish()
  }

  answer(status: number, headers: readonly string[], body: Buffer): void {
    if (this.#state !== 'nothing' || this.closed) return
    const bodiless = body.length === 0 || this.#method === 'HEAD'
    this.#head = ownLines(status, headers, body.length)
    if (!this.#start(bodiless)) return
    if (bodiless) this.#finish()
    else {
      this.#rest = body
      this.#writeRest()
    }
  }

  cut(): void {
    if (this.#state === 'done') return
    if (this.#tunnel !== undefined) {
      this.#tunnel.close()
      return
    }
    this.#state = 'done'
    breakStream(this.#stream)
  }

  /** From now on the stream belongs to a tunnel. */
  join(tunnel: Tunnel): void {
    this.#state = 'joined'
    this.#tunnel = tunnel
  }

  /** @returns whether there is still a stream to go on with */
  #start(last: boolean): boolean {
    this.#state = 'body'
    if (this.#stream.destroyed || this.#stream.closed) return true // 'close' follows and tells
    try {
      const options = { endStream: last, waitForTrailers: this.#mayHaveTrailers && !last, sendDate: false }
      if (options.waitForTrailers) this.#stream.on('wantTrailers', () => this.#sendTrailers())
      this.#stream.respond(this.#head, options)
      return true
    } catch (thrown) {
      this.#break(thrown)
      return false
    }
  }

  #sendTrailers(): void {
    try {
      this.#stream.sendTrailers(lineObject(this.#trailers))
      this.#stall?.stop()
      // In this turn the reset would overtake them.
      if (this.#clientSends) setImmediate(refuseRest, this.#stream)
    } catch (thrown) {
      // All that is ours is done by now; without trailers the stream would stay open for ever.
      this.#onMistake(thrown)
      breakStream(this.#stream)
    }
  }

  #write(chunk: Buffer): boolean {
    const stream = this.#stream
    if (stream.destroyed || stream.writableEnded) return true
    this.#written += chunk.length
    const bytes = kept(chunk)
    // The last bytes and the end in one frame, instead of an empty one behind them.
    if (this.#written === this.#declared) stream.end(bytes)
    else if (!stream.write(bytes)) {
      this.#watch()
      return false
    }
    this.#watch()
    return true
  }

  #watch(): void {
    if (this.#stallLimit === 0 || this.pending === 0) return
    this.#stall ??= new StallWatch(this.#wheel, this)
    this.#stall.watch(this.#stallLimit)
  }

  #writeRest(): void {
    for (let more = true; more && this.#rest.length > 0; ) {
      const piece = this.#rest.subarray(0, pieceSize)
      this.#rest = this.#rest.subarray(pieceSize)
      more = this.#write(piece)
    }
    if (this.#rest.length > 0) return
    this.#stream.end()
    this.#finish()
  }

  /** All is said; whether the client takes it is still watched. */
  #finish(): void {
    this.#state = 'done'
    this.events = undefined
    this.exchange?.end()
  }

  onDrain(): void {
    if (this.#state === 'joined') return
    this.#stall?.stop()
    if (this.#rest.length > 0) this.#writeRest()
    else this.events?.onDrain()
  }

  onFinish(): void {
    if (this.#state === 'joined' || this.#endsInTrailers) return
    this.#stall?.stop()
    if (this.#clientSends) refuseRest(this.#stream)
  }

  get #clientSends(): boolean {
    const { endAfterHeaders, readableEnded } = this.#stream
    return !endAfterHeaders && !readableEnded
  }

  onClose(): void {
    this.#stall?.stop()
    if (this.#state === 'joined') return
    const { events } = this
    const complete = this.#state === 'done'
    this.#state = 'done'
    this.events = undefined
    if (!complete) events?.onClientGone()
    this.exchange?.end()
    // The library keeps streams that have ended reachable for a while; what hangs on them would be kept as well.
    this.exchange = undefined
    this.#head = []
    const owned: AnsweredStream = this.#stream
    owned[answerOf] = undefined
  }

  /** What the library refuses to write would have broken the message: then the stream is broken. */
  #break(thrown: unknown): void {
    const { events } = this
    this.events = undefined
    this.#onMistake(thrown)
    this.cut()
    events?.onClientGone()
  }
}

function onDrain(this: AnsweredStream): void {
  this[answerOf]?.onDrain()
}

function onFinish(this: AnsweredStream): void {
  this[answerOf]?.onFinish()
}

function onClose(this: AnsweredStream): void {
  this[answerOf]?.onClose()
}

/** `close` follows. */
function onError(): void {}

/** Whether an answer is one of gRPC, which is not complete without a status in trailers; a page about an error is none. */
function isGrpcHead(lines: readonly string[]): boolean {
  for (let at = 0; at < lines.length; at += 2) if (lines[at] === 'content-type') return isGrpc(lines[at + 1])
  return false
}
