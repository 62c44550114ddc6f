import { Pool } from 'undici'
import { Failure } from '../failure/failure.ts'
import type { DialOptions } from './dial.ts'
import type { EndpointConnection } from './endpoint-connection.ts'
import { PooledConnection } from './pooled-connection.ts'
import type { OutgoingRequest, Transport, UpstreamCall, UpstreamHandler } from './transport.ts'
import { type CallOwner, UndiciCall } from './undici-call.ts'
import { UploadStream } from './upload-stream.ts'

/** Largest head of an answer that is taken, in bytes. */
const maxResponseHead = 262_144

/** The longest delay a timer can have; stands for "no limit" where the HTTP client wants a number. */
const forever = 2_147_483_647

/**
 * All connections to one endpoint. Lives over activations as long as one of them uses it; when the last one lets go,
 * what is in flight ends in peace and idle connections are closed.
 */
export class EndpointPool implements Transport, CallOwner, Disposable {
  /** For connections that are not pooled: upgraded ones. They share the TLS sessions. */
  readonly endpoint: EndpointConnection
  readonly #pool: Pool
  readonly #serverName: string | null
  /** Most requests in flight, so most connections; 0 = no limit. Changes with the configuration. */
  #limit = 0
  #inFlight = 0
  readonly #waiting = new Set<UndiciCall>()

  /** @param idle milliseconds an unused connection is kept, 0 = no limit */
  constructor(dial: DialOptions, idle: number) {
    const endpoint: EndpointConnection = { dial, sessions: { session: undefined } }
    this.endpoint = endpoint
    const host = dial.host.includes(':') ? `[${dial.host}]` : dial.host
    const keepAlive = idle === 0 ? forever : Math.min(idle, forever)
    this.#serverName = dial.tls?.serverName ?? null
    this.#pool = new Pool(`${dial.tls === undefined ? 'http' : 'https'}://${host}:${dial.port}`, {
      factory: (origin, options) => new PooledConnection(origin, options, endpoint),
      allowH2: false,
      pipelining: 1,
      headersTimeout: 0, // our own timers are exact and know what they wait for
      bodyTimeout: 0,
      keepAliveTimeout: keepAlive,
      keepAliveMaxTimeout: keepAlive,
      maxHeaderSize: maxResponseHead,
    })
  }

  /** Requests in flight and waiting, for the admin endpoint. */
  get load(): { readonly inFlight: number; readonly waiting: number } {
    return { inFlight: this.#inFlight, waiting: this.#waiting.size }
  }

  setLimit(limit: number): void {
    this.#limit = limit
    this.#admitWaiting()
  }

  send(request: OutgoingRequest, handler: UpstreamHandler, queueLimit: number): UpstreamCall {
    const call = new UndiciCall(request, handler, this)
    if (this.#limit === 0 || this.#inFlight < this.#limit) this.#admit(call)
    else this.#enqueue(call, queueLimit)
    return call
  }

  onOver(): void {
    this.#inFlight--
    if (this.#waiting.size > 0) this.#admitWaiting()
  }

  replay(call: UndiciCall): void {
    this.#dispatch(call)
  }

  onWithdrawn(call: UndiciCall): void {
    // One that waited had no place yet; `onOver`, which follows, takes one back.
    if (this.#waiting.delete(call)) this.#inFlight++
  }

  #enqueue(call: UndiciCall, queueLimit: number): void {
    this.#waiting.add(call)
    if (queueLimit === 0) return
    call.queueTimer = setTimeout(() => {
      this.onWithdrawn(call)
      call.refuse(new Failure('overloaded'))
    }, queueLimit)
  }

  #admitWaiting(): void {
    for (const call of this.#waiting) {
      if (this.#limit > 0 && this.#inFlight >= this.#limit) return
      this.#waiting.delete(call)
      this.#admit(call)
    }
  }

  #admit(call: UndiciCall): void {
    this.#inFlight++
    clearTimeout(call.queueTimer)
    this.#dispatch(call)
  }

  #dispatch(call: UndiciCall): void {
    const { method, target, authority, headers, body } = call.request
    const options = {
      method,
      path: target,
      headers: ['host', authority, ...headers],
      body: body === undefined ? null : new UploadStream(body),
      // Without it the client takes the name from `Host` and reconnects whenever that changes.
      servername: this.#serverName,
    }
    this.#pool.dispatch(options, call)
  }

  [Symbol.dispose](): void {
    // Resolves when the last exchange has ended; nobody waits for it.
    void this.#pool.close()
  }
}
