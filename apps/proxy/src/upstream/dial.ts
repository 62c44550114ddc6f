import type { Socket, TcpNetConnectOpts } from 'node:net'
import {
  type ConnectionOptions,
  checkServerIdentity,
  connect as connectTls,
  type SecureContext,
  type SecureVersion,
} from 'node:tls'
import { Failure } from '../failure/failure.ts'
import { toFailure, type UpstreamPhase } from '../failure/to-failure.ts'
import { connectDirectly } from '../sockets/direct-socket.ts'
import { Timer, type TimerOwner, type TimerWheel } from '../timer-wheel.ts'

/** TLS towards one destination, ready to use. */
export interface UpstreamTls {
  /** The name that is asked for and verified. */
  readonly serverName: string
  /** CA bundle, client certificate and versions, parsed once. */
  readonly context: SecureContext
  readonly minVersion: SecureVersion
  readonly maxVersion: SecureVersion | undefined
}

/** How one endpoint is connected to. Durations in milliseconds, 0 = no limit. */
export interface DialOptions {
  readonly host: string
  readonly port: number
  readonly connectTimeout: number
  readonly handshakeTimeout: number
  /** Head start of the first address family; 0 = the usual one. */
  readonly dualStackFallback: number
  readonly tls: UpstreamTls | undefined
}

/** Exactly one of the two is given; an error is always a {@link Failure}. */
export type Dialed = (failure: Failure | undefined, socket: Socket | undefined) => void

/** What all connections to one endpoint have in common. */
export interface Endpoint {
  readonly dial: DialOptions
  readonly timers: TimerWheel
  /** The last TLS session, so that later handshakes are short. */
  session: Buffer | undefined
}

/** What TLS offers to speak, the preferred one first. */
export type Protocols = readonly ('h2' | 'http/1.1')[]

/** The head start of the first address family that most programs give (RFC 8305, 8: 250 ms or somewhat more). */
const usualFallback = 300

/** The shortest one that the platform takes. */
const shortestFallback = 10

/**
 * Opens a connection to an endpoint and tells the outcome once. Both halves stay independent: an end of theirs is not
 * answered by an end of ours.
 *
 * @returns the socket while it is still connecting; destroying it gives up
 */
export function dial(endpoint: Endpoint, protocols: Protocols, done: Dialed): Socket {
  const { tls, host, port, dualStackFallback } = endpoint.dial
  const to: TcpNetConnectOpts = {
    host,
    port,
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: Math.max(shortestFallback, dualStackFallback || usualFallback),
  }
  const socket = tls === undefined ? connectDirectly(to) : connectTls({ ...to, ...handshake(tls, endpoint, protocols) })
  if (tls !== undefined) {
    socket.on('session', (session: Buffer) => {
      endpoint.session = session
    })
  }
  new Dial(endpoint, socket, done)
  return socket
}

function handshake(tls: UpstreamTls, { session }: Endpoint, protocols: Protocols): ConnectionOptions {
  return {
    secureContext: tls.context,
    minVersion: tls.minVersion,
    ...(tls.maxVersion === undefined ? {} : { maxVersion: tls.maxVersion }),
    ALPNProtocols: [...protocols],
    // An address is verified like a name, but must not be asked for by SNI (RFC 6066, 3).
    servername: /^[\d.]+$|:/.test(tls.serverName) ? '' : tls.serverName,
    checkServerIdentity: (_name, certificate) => checkServerIdentity(tls.serverName, certificate),
    ...(session === undefined ? {} : { session }),
  }
}

/** One attempt: a limit for the connection, another for the handshake, and one outcome. */
class Dial implements TimerOwner {
  readonly #endpoint: Endpoint
  readonly #socket: Socket
  readonly #done: Dialed
  readonly #timer = new Timer(this)
  #phase: UpstreamPhase = 'connect'
  #over = false

  constructor(endpoint: Endpoint, socket: Socket, done: Dialed) {
    this.#endpoint = endpoint
    this.#socket = socket
    this.#done = done
    this.#limit(endpoint.dial.connectTimeout)
    socket.once('connect', () => this.#connected())
    socket.once('secureConnect', () => this.#succeed())
    socket.on('error', (error) => this.#fail(error))
    socket.once('close', () => this.#fail(new Error('closed while connecting')))
  }

  #connected(): void {
    if (this.#endpoint.dial.tls === undefined) {
      this.#succeed()
      return
    }
    this.#phase = 'handshake'
    this.#limit(this.#endpoint.dial.handshakeTimeout)
  }

  #limit(milliseconds: number): void {
    const { timers } = this.#endpoint
    if (milliseconds > 0) timers.arm(this.#timer, milliseconds)
    else timers.disarm(this.#timer)
  }

  onTimer(): void {
    const failure =
      this.#phase === 'connect'
        ? new Failure('timeout', { timeout: 'connect' })
        : new Failure('tls_handshake_failure', {}, new Error('no handshake in time'))
    this.#conclude(failure)
  }

  #succeed(): void {
    if (this.#over) return
    this.#over = true
    this.#endpoint.timers.disarm(this.#timer)
    this.#done(undefined, this.#socket)
  }

  #fail(error: Error): void {
    this.#conclude(toFailure(error, this.#phase))
  }

  #conclude(failure: Failure): void {
    this.#endpoint.timers.disarm(this.#timer)
    if (this.#over) return
    this.#over = true
    this.#socket.destroy()
    this.#done(failure, undefined)
  }
}
