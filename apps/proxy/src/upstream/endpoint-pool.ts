import type { EventEmitter } from 'node:events'
import { Failure } from '../failure/failure.ts'
import type { DialOptions } from './dial.ts'
import type { EndpointConnection } from './endpoint-connection.ts'
import { PooledConnection, type WireRequest } from './pooled-connection.ts'
import type { OutgoingRequest, Transport, UpstreamCall, UpstreamHandler } from './transport.ts'
import { type CallOwner, UndiciCall } from './undici-call.ts'
import { UploadStream } from './upload-stream.ts'

/** Largest head of an answer that is taken, in bytes. */
const maxResponseHead = 262_144

/** The longest delay a timer can have; stands for "no limit" where the HTTP client wants a number. */
const forever = 2_147_483_647

/** How a pool is made. */
export interface PoolOptions {
  readonly dial: DialOptions
  /** Milliseconds an unused connection is kept; 0 = no limit. */
  readonly idle: number
  /** Hears of errors that can only be ours. */
  readonly onMistake: (thrown: unknown) => void
}

/**
 * All connections to one endpoint. Lives over activations as long as one of them uses it; when the last one lets go,
 * what is in flight ends in peace and idle connections are closed.
 */
export class EndpointPool implements Transport, CallOwner, Disposable {
  /** For connections that are not pooled: upgraded ones. They share the TLS sessions. */
  readonly endpoint: EndpointConnection
  readonly #options: PoolOptions
  readonly #origin: string
  /** Connections without a request; the one used last is used next, so that the others can go when traffic ebbs. */
  readonly #idle: PooledConnection[] = []
  readonly #waiting = new Set<UndiciCall>()
  #connections = 0
  #limit = 0
  #disposed = false

  constructor(options: PoolOptions) {
    const { dial } = options
    this.#options = options
    this.endpoint = { dial, sessions: { session: undefined } }
    const host = dial.host.includes(':') ? `[${dial.host}]` : dial.host
    this.#origin = `${dial.tls === undefined ? 'http' : 'https'}://${host}:${dial.port}`
  }

  /** For people: the admin endpoint and tests. */
  get load(): { readonly inFlight: number; readonly idle: number; readonly waiting: number } {
    const idle = this.#idle.length
    return { inFlight: this.#connections - idle, idle, waiting: this.#waiting.size }
  }

  /** Most connections; 0 = no limit. More than that close as they become free. */
  setLimit(limit: number): void {
    this.#limit = limit
    this.#serveWaiting()
  }

  send(request: OutgoingRequest, handler: UpstreamHandler, queueLimit: number): UpstreamCall {
    const call = new UndiciCall(request, handler, this)
    this.#place(call, queueLimit)
    return call
  }

  replay(call: UndiciCall): void {
    this.#place(call, 0)
  }

  onWithdrawn(call: UndiciCall): void {
    this.#waiting.delete(call)
  }

  #place(call: UndiciCall, queueLimit: number): void {
    const connection = this.#free()
    if (connection !== undefined) this.#dispatch(call, connection)
    else this.#enqueue(call, queueLimit)
  }

  /** A connection for a request: an idle one, or a new one if there may be more. */
  #free(): PooledConnection | undefined {
    const idle = this.#idle.pop()
    if (idle !== undefined) return idle
    return this.#limit === 0 || this.#connections < this.#limit ? this.#connect() : undefined
  }

  #enqueue(call: UndiciCall, queueLimit: number): void {
    this.#waiting.add(call)
    if (queueLimit === 0) return
    call.queueTimer = setTimeout(() => {
      this.#waiting.delete(call)
      call.refuse(new Failure('overloaded'))
    }, queueLimit)
  }

  #serveWaiting(): void {
    for (const call of this.#waiting) {
      const connection = this.#free()
      if (connection === undefined) return
      this.#waiting.delete(call)
      this.#dispatch(call, connection)
    }
  }

  #connect(): PooledConnection {
    const keepAlive = this.#options.idle === 0 ? forever : Math.min(this.#options.idle, forever)
    const options = {
      allowH2: false,
      pipelining: 1,
      headersTimeout: 0, // our own timers are exact and know what they wait for
      bodyTimeout: 0,
      keepAliveTimeout: keepAlive,
      keepAliveMaxTimeout: keepAlive,
      maxHeaderSize: maxResponseHead,
    }
    const connection = new PooledConnection(this.#origin, options, this.endpoint)
    this.#connections++
    connection.on('drain', () => this.#release(connection))
    connection.on('disconnect', () => this.#dropIdle(connection))
    const errors: EventEmitter = connection
    errors.on('error', this.#options.onMistake) // of our own handlers: nothing else is told this way
    return connection
  }

  #dispatch(call: UndiciCall, connection: PooledConnection): void {
    clearTimeout(call.queueTimer)
    call.connection = connection
    connection.busy = true
    // True means that the request was refused on the spot: the connection is as free as before.
    if (connection.dispatch(this.#wireRequest(call.request), call)) this.#release(connection)
  }

  #wireRequest({ method, target, authority, headers, body }: OutgoingRequest): WireRequest {
    return {
      method,
      path: target,
      headers: ['host', authority, ...headers],
      body: body === undefined ? null : new UploadStream(body),
      servername: this.endpoint.dial.tls?.serverName ?? null,
    }
  }

  /** A connection has no request any more. */
  #release(connection: PooledConnection): void {
    if (!connection.busy) return
    connection.busy = false
    const surplus = this.#limit > 0 && this.#connections > this.#limit
    if (!connection.open || surplus || this.#disposed) {
      this.#discard(connection)
      this.#serveWaiting()
      return
    }
    const [next] = this.#waiting
    if (next === undefined) {
      this.#idle.push(connection)
      return
    }
    this.#waiting.delete(next)
    this.#dispatch(next, connection)
  }

  /** An idle connection was closed, by its server or for its age. */
  #dropIdle(connection: PooledConnection): void {
    const at = this.#idle.indexOf(connection)
    if (at === -1) return // it has a request, whose end brings it here by `#release`
    this.#idle.splice(at, 1)
    this.#discard(connection)
  }

  #discard(connection: PooledConnection): void {
    this.#connections--
    void connection.destroy()
  }

  [Symbol.dispose](): void {
    this.#disposed = true
    for (const connection of this.#idle.splice(0)) this.#discard(connection)
  }
}
