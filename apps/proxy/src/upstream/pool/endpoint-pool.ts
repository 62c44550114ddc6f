import type { Socket } from 'node:net'
import { Failure } from '../../failure/failure.ts'
import { Timer, type TimerOwner, type TimerWheel } from '../../timer-wheel.ts'
import { type DialOptions, dial, type Endpoint } from '../dial.ts'
import { Http1Connection } from '../http1/http1-connection.ts'
import { Http2Connection } from '../http2/http2-connection.ts'
import type { OutgoingRequest, Transport, UpstreamCall, UpstreamHandler } from '../transport.ts'
import { Call, type CallOwner } from './call.ts'
import type { Connection, ConnectionOwner } from './connection.ts'
import { Dialling } from './dialling.ts'

/** How a pool is made. Durations in milliseconds, 0 = no limit. */
export interface PoolOptions {
  readonly dial: DialOptions
  /** HTTP/2: chosen by ALPN over TLS, where HTTP/1.1 is taken too; known beforehand in clear text. */
  readonly http2: boolean
  /** How long an unused connection is kept. */
  readonly idle: number
  /** More unused connections than this are kept for `idleAbove` only: what a burst leaves behind. */
  readonly mostIdle: number
  readonly idleAbove: number
  /** How old a connection may be when it gets another request. */
  readonly lifetime: number
  /** How long a client's body waits for `100 Continue`; 0 = not at all. */
  readonly expectContinue: number
  readonly timers: TimerWheel
  /** Hears of errors that can only be ours. */
  readonly onMistake: (thrown: unknown) => void
}

/** What is going on in a pool; for people. */
export interface PoolLoad {
  /** Requests that are carried by a connection. */
  readonly inFlight: number
  /** Connections without a request. */
  readonly idle: number
  /** Requests that wait for a connection. */
  readonly waiting: number
  /** All connections, those that are being opened included. */
  readonly connections: number
}

/** Idle connections are looked through no more often than this, in milliseconds. */
const idleCheck = 100

/** How long an endpoint that asked for HTTP/1.1 instead of HTTP/2 is not offered the latter, in milliseconds. */
const http1Time = 600_000

/** How many requests a connection of HTTP/2 is expected to carry before its server has said so. */
const expectedStreams = 100

const either = ['h2', 'http/1.1'] as const
const onlyHttp1 = ['http/1.1'] as const

/**
 * All connections to one endpoint. Lives over activations as long as one of them uses it; when the last one lets go,
 * what is in flight ends in peace and idle connections are closed.
 *
 * A request takes the connection that was used last, so that the others can go when traffic ebbs. Without one it waits,
 * and a connection is opened for it; it takes whichever is there first.
 */
export class EndpointPool implements Transport, CallOwner, ConnectionOwner, TimerOwner, Disposable {
  /** For connections that are not pooled: upgraded ones. They share the TLS sessions. */
  readonly endpoint: Endpoint
  readonly options: PoolOptions
  /** Connections that have room for a request; the last one is taken first. */
  readonly #free: Connection[] = []
  readonly #open = new Set<Connection>()
  readonly #dialling = new Set<Dialling>()
  /** First come, first served. */
  readonly #waiting = new Set<Call>()
  /** Connections that take nothing more do not stand in the way of new ones. */
  #retired = 0
  #limit = 0
  #disposed = false
  /** How many requests a new connection will take, by all that is known. */
  #streams: number
  /** Until when the endpoint is spoken to in HTTP/1.1 only, because it asked for that. */
  #http1Until = 0
  readonly #idleTimer = new Timer(this)

  constructor(options: PoolOptions) {
    this.options = options
    this.endpoint = { dial: options.dial, timers: options.timers, session: undefined }
    this.#streams = options.http2 ? expectedStreams : 1
  }

  get load(): PoolLoad {
    let inFlight = 0
    let idle = 0
    for (const { active } of this.#open) {
      inFlight += active
      if (active === 0) idle++
    }
    return { inFlight, idle, waiting: this.#waiting.size, connections: this.#open.size + this.#dialling.size }
  }

  /** Most connections; 0 = no limit. More than that close as they become free. */
  setLimit(limit: number): void {
    if (this.#limit === limit) return
    this.#limit = limit
    for (const connection of [...this.#free]) {
      if (this.#surplus <= 0) break
      if (connection.active === 0) this.#closeIdle(connection)
    }
    this.#serve()
  }

  send(request: OutgoingRequest, handler: UpstreamHandler, queueLimit: number): UpstreamCall {
    const call = new Call(request, handler, queueLimit, this)
    this.#closeStale()
    const connection = this.#take()
    if (connection === undefined) this.#enqueue(call)
    else connection.start(call)
    return call
  }

  /** Never on a connection that has been idle: when one was closed for that, others were too. */
  replay(call: Call): void {
    call.replayedAt = this.endpoint.timers.now
    this.#enqueue(call)
  }

  withdraw(call: Call): void {
    this.#waiting.delete(call)
    this.#leaveQueue(call)
  }

  /**
   * The connection to take next, which then has one place less.
   *
   * @param since only one that has become free since then
   */
  #take(since = 0): Connection | undefined {
    for (;;) {
      const connection = this.#free.at(-1)
      if (connection === undefined || connection.freeSince < since) return undefined
      if (connection.room <= 1) this.#unlistLast(connection)
      if (connection.room > 0) return connection
    }
  }

  /**
   * Closes what would be taken next and must not be any more: because it has become too old without a request, or because
   * its endpoint is about to close it, which would cost the request.
   */
  #closeStale(): void {
    const { now } = this.endpoint.timers
    for (;;) {
      const connection = this.#free.at(-1)
      if (connection === undefined) return
      const { active, freeSince, keptFor, expires } = connection
      if (now < expires && (active > 0 || now - freeSince < keptFor)) return
      this.#unlistLast(connection)
      connection.retire()
    }
  }

  #unlistLast(connection: Connection): void {
    this.#free.pop()
    connection.listed = false
  }

  #enqueue(call: Call): void {
    this.#waiting.add(call)
    if (this.#openFor(call) || call.queueLimit === 0) return
    call.queueTimer ??= new Timer(call)
    this.endpoint.timers.arm(call.queueTimer, call.queueLimit)
  }

  /** A call does not wait any more, or not only in the queue. */
  #leaveQueue(call: Call): void {
    call.dialling?.calls.delete(call)
    call.dialling = undefined
    if (call.queueTimer !== undefined) this.endpoint.timers.disarm(call.queueTimer)
  }

  /** Sees to it that a connection is being opened for a call; false when there may be no more. */
  #openFor(call: Call): boolean {
    let chosen: Dialling | undefined
    if (this.#streams > 1) {
      for (const one of this.#dialling) if (one.calls.size < this.#streams) chosen = one
    }
    if (chosen === undefined && this.#limit > 0 && this.#open.size - this.#retired + this.#dialling.size >= this.#limit)
      return false
    chosen ??= this.#dial()
    chosen.calls.add(call)
    call.dialling = chosen
    return true
  }

  #dial(): Dialling {
    const protocols = this.#offersHttp2 ? either : onlyHttp1
    const dialling = new Dialling()
    dialling.socket = dial(this.endpoint, protocols, (failure, socket) => {
      if (!this.#dialling.delete(dialling)) return void socket?.destroy()
      if (socket === undefined) this.#onNotOpened(dialling, failure ?? new Failure('connection_refused'))
      else this.#onOpened(dialling, socket)
    })
    this.#dialling.add(dialling)
    return dialling
  }

  #onNotOpened(dialling: Dialling, failure: Failure): void {
    const { calls } = dialling
    for (const call of calls) {
      this.#waiting.delete(call)
      call.dialling = undefined
      call.refuse(failure)
    }
    this.#serve()
  }

  #onOpened(dialling: Dialling, socket: Socket): void {
    for (const call of dialling.calls) call.dialling = undefined
    const connection = this.#connectionOn(socket)
    this.#open.add(connection)
    if (connection instanceof Http1Connection) this.#streams = 1
    else if (!this.#offersHttp2) {
      connection.retire() // it was agreed on before the endpoint changed its mind
      return
    }
    this.onRoom(connection)
  }

  #connectionOn(socket: Socket): Connection {
    const { http2, dial: options } = this.options
    const speaks = 'alpnProtocol' in socket ? socket.alpnProtocol : undefined
    const isHttp2 = http2 && (options.tls === undefined || speaks === 'h2')
    if (isHttp2) return new Http2Connection(socket, this, this.options, this.#streams)
    return new Http1Connection(socket, this, this.options)
  }

  onRoom(connection: Connection): void {
    const { timers } = this.endpoint
    const now = timers.now
    connection.freeSince = now
    if (now >= connection.expires) {
      connection.retire()
      return
    }
    this.#list(connection)
    if (this.#waiting.size > 0) this.#serve()
    if (connection.active > 0) return
    if (this.#disposed || this.#surplus > 0) this.#closeIdle(connection)
    else if (this.options.idle > 0) this.#watchIdle(now)
  }

  #watchIdle(now: number): void {
    const { idle, mostIdle, idleAbove } = this.options
    const { timers } = this.endpoint
    if (!this.#idleTimer.armed) timers.arm(this.#idleTimer, idle)
    if (this.#free.length > mostIdle && this.#idleTimer.due > now + idleAbove) timers.arm(this.#idleTimer, idleAbove)
  }

  #list(connection: Connection): void {
    if (connection.listed || connection.room === 0) return
    connection.listed = true
    this.#free.push(connection)
  }

  /** How many connections there are above the limit. */
  get #surplus(): number {
    return this.#limit === 0 ? 0 : this.#open.size - this.#retired - this.#limit
  }

  onRetired(connection: Connection): void {
    this.#retired++
    this.#unlist(connection)
    this.#serve()
  }

  onClosed(connection: Connection): void {
    if (!this.#open.delete(connection)) return
    if (connection.retired) this.#retired--
    this.#unlist(connection)
    this.#serve()
  }

  get #offersHttp2(): boolean {
    return this.options.http2 && this.endpoint.timers.now >= this.#http1Until
  }

  onStreams(streams: number): void {
    if (this.#offersHttp2) this.#streams = Math.max(1, streams)
  }

  onHttp1Wanted(): void {
    this.#http1Until = this.endpoint.timers.now + http1Time
    this.#streams = 1
    for (const connection of [...this.#open]) if (connection instanceof Http2Connection) connection.retire()
  }

  onMistake(thrown: unknown): void {
    this.options.onMistake(thrown)
  }

  #unlist(connection: Connection): void {
    if (!connection.listed) return
    connection.listed = false
    this.#free.splice(this.#free.lastIndexOf(connection), 1)
  }

  #closeIdle(connection: Connection): void {
    this.#unlist(connection)
    connection.close()
  }

  /** Gives waiting calls what there is, and opens connections for those that have none. */
  #serve(): void {
    for (const call of this.#waiting) {
      const connection = this.#take(call.replayedAt)
      if (connection !== undefined) {
        this.#waiting.delete(call)
        this.#leaveQueue(call)
        connection.start(call)
      } else if (call.dialling !== undefined || this.#openFor(call)) {
        if (call.queueTimer !== undefined) this.endpoint.timers.disarm(call.queueTimer)
      } else if (call.replayedAt === 0) return
    }
  }

  /** Connections have been idle for long enough. */
  onTimer(): void {
    const { idle, mostIdle, idleAbove } = this.options
    const { timers } = this.endpoint
    const now = timers.now
    const unused = this.#free.filter(({ active }) => active === 0)
    let above = unused.length - mostIdle
    let next = Infinity
    // Those that have been free for long come first.
    for (const connection of unused) {
      const limit = above-- > 0 ? Math.min(idle, idleAbove) : idle
      const left = connection.freeSince + limit - now
      if (left <= 0) this.#closeIdle(connection)
      else next = Math.min(next, left)
    }
    if (next < Infinity) timers.arm(this.#idleTimer, Math.max(idleCheck, next))
  }

  [Symbol.dispose](): void {
    this.#disposed = true
    this.endpoint.timers.disarm(this.#idleTimer)
    for (const connection of [...this.#open]) connection.retire()
    for (const dialling of this.#dialling) {
      if (dialling.calls.size > 0) continue
      this.#dialling.delete(dialling)
      dialling.socket?.destroy()
    }
  }
}
