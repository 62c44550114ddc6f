import { type ClientHttp2Session, connect, constants } from 'node:http2'
import type { Socket } from 'node:net'
import { Failure } from '../../failure/failure.ts'
import { codeOf, toFailure } from '../../failure/to-failure.ts'
import type { TimerWheel } from '../../timer-wheel.ts'
import type { Call } from '../pool/call.ts'
import { type Connection, type ConnectionOwner, type ConnectionSettings, expiry } from '../pool/connection.ts'
import { Heartbeat } from './heartbeat.ts'
import { Http2Exchange, type StreamOwner } from './http2-exchange.ts'
import { http2RequestFields } from './request-fields.ts'
import { goAwayFailure } from './stream-failure.ts'

/** Most streams of one connection, however many its endpoint would take. */
const mostStreams = 1_000

/** How many bytes of an answer an endpoint may send ahead of the client who reads it. */
const streamWindow = 262_144

/** The same for all answers of a connection together; what is read of it is given back at once. */
const connectionWindow = 1_048_576

/** Megabytes that one connection may hold of everything; the windows bound it far below. */
const mostMemory = 64

/** Most header lines of an answer. */
const mostLines = 1_000

/** One connection of HTTP/2 to an endpoint: carries many calls at the same time. */
export class Http2Connection implements Connection, StreamOwner {
  retired = false
  listed = false
  freeSince: number
  active = 0
  used = false
  broken: Failure | 'ended' | undefined = undefined
  lastProcessed = Infinity
  readonly keptFor = Infinity
  readonly expires: number
  readonly timers: TimerWheel
  readonly expectContinue: number
  readonly #scheme: 'http' | 'https'
  readonly #session: ClientHttp2Session
  readonly #owner: ConnectionOwner
  readonly #heartbeat: Heartbeat
  /** As the endpoint says; until it does, what is expected of it. */
  #streams: number

  /** @param streams how many requests at the same time the endpoint is expected to take */
  constructor(socket: Socket, owner: ConnectionOwner, settings: ConnectionSettings, streams: number) {
    const { timers, expectContinue } = settings
    this.#owner = owner
    this.#streams = streams
    this.timers = timers
    this.expectContinue = expectContinue
    this.freeSince = timers.now
    this.expires = expiry(settings)
    this.#scheme = 'alpnProtocol' in socket ? 'https' : 'http'
    this.#session = sessionOn(socket, this.#scheme)
    this.#heartbeat = new Heartbeat(this.#session, timers)
    this.#listen(socket)
  }

  #listen(socket: Socket): void {
    const session = this.#session
    session.on('connect', () => session.setLocalWindowSize(connectionWindow))
    session.on('remoteSettings', ({ maxConcurrentStreams }) => this.#onSettings(maxConcurrentStreams))
    session.on('goaway', (code, last) => this.#onGoAway(code, last ?? 0))
    session.on('error', (error) => this.#onError(error))
    session.on('close', () => this.#onClose())
    socket.on('error', (error) => this.#onError(error))
    socket.on('end', () => this.#onSocketEnd(socket))
  }

  /** Nothing more can come. Answers that are here whole, and wait for their clients, are not harmed by the closing. */
  #onSocketEnd(socket: Socket): void {
    this.broken ??= 'ended'
    this.#retire()
    socket.destroySoon()
  }

  get room(): number {
    if (this.retired || this.#session.closed || this.#session.destroyed) return 0
    return Math.max(0, this.#streams - this.active)
  }

  start(call: Call): void {
    this.active++
    this.#heartbeat.start()
    call.handler.onStart()
    if (call.over) {
      this.onStreamClosed()
      return
    }
    let exchange: Http2Exchange
    try {
      exchange = new Http2Exchange(call, this.#session, http2RequestFields(call.request, this.#scheme), this)
    } catch (thrown) {
      this.#onNotBegun(call, thrown)
      return
    }
    call.carrier = exchange
    exchange.begin()
  }

  /** The session refused the stream: because it ends, or because of what we wanted to send. */
  #onNotBegun(call: Call, thrown: unknown): void {
    const ending = codeOf(thrown).startsWith('ERR_HTTP2_GOAWAY') || codeOf(thrown) === 'ERR_HTTP2_INVALID_SESSION'
    if (ending) {
      this.retire()
      call.fail(new Failure('connection_reset', {}, thrown), 'unheard')
    } else {
      this.#owner.onMistake(thrown)
      call.refuse(new Failure('internal_error', {}, thrown))
    }
    this.onStreamClosed()
  }

  onStreamClosed(): void {
    this.active--
    if (this.active === 0) this.#heartbeat.stop()
    if (this.broken === undefined) this.used = true
    if (!this.retired) this.#owner.onRoom(this)
  }

  onHeard(): void {
    this.#heartbeat.heard = true
  }

  onGivenUp(): void {
    this.#heartbeat.suspect()
  }

  /** In clear text HTTP/2 was not negotiated: whoever configured it said that there is nothing else. */
  fallBack(): boolean {
    if (this.#scheme === 'http') return false
    this.#owner.onHttp1Wanted()
    return true
  }

  onMistake(thrown: unknown): void {
    this.#owner.onMistake(thrown)
  }

  #onSettings(streams: number | undefined): void {
    const before = this.room
    this.#streams = Math.min(streams ?? mostStreams, mostStreams)
    this.#owner.onStreams(this.#streams)
    if (before === 0 && this.room > 0) this.#owner.onRoom(this)
  }

  #onGoAway(code: number, last: number): void {
    if (code !== constants.NGHTTP2_NO_ERROR) this.broken ??= goAwayFailure(code)
    if (code === constants.NGHTTP2_HTTP_1_1_REQUIRED) this.fallBack()
    this.lastProcessed = Math.min(this.lastProcessed, last)
    this.retire()
  }

  #onError(error: Error): void {
    this.broken ??= this.#heartbeat.missed
      ? new Failure('timeout', { timeout: 'idle' }, error)
      : toFailure(error, 'exchange')
    this.#retire()
  }

  #onClose(): void {
    this.#heartbeat.end()
    this.#retire()
    this.#owner.onClosed(this)
  }

  close(): void {
    this.#retire()
    this.#session.close()
  }

  /** The streams that are open go on, and the last one closes the connection. */
  retire(): void {
    this.#retire()
    this.#session.close()
  }

  #retire(): void {
    if (this.retired) return
    this.retired = true
    this.#owner.onRetired(this)
  }
}

function sessionOn(socket: Socket, scheme: 'http' | 'https'): ClientHttp2Session {
  const options = {
    createConnection: () => socket,
    maxSessionMemory: mostMemory,
    maxHeaderListPairs: mostLines,
    maxReservedRemoteStreams: 0,
    strictSingleValueFields: false, // lines that a client gives twice are for the endpoint to judge
    settings: { enablePush: false, initialWindowSize: streamWindow },
  }
  return connect(`${scheme}://endpoint`, options)
}
