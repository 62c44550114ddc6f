import { connect as connectTcp, type Socket, type TcpNetConnectOpts } from 'node:net'
import {
  type ConnectionOptions,
  checkServerIdentity,
  connect as connectTls,
  type SecureContext,
  type SecureVersion,
} from 'node:tls'
import { Failure } from '../failure/failure.ts'
import { toFailure, type UpstreamPhase } from '../failure/to-failure.ts'

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
  /** Head start of the first address family. */
  readonly dualStackFallback: number
  readonly tls: UpstreamTls | undefined
}

/** Exactly one of the two is given; an error is always a {@link Failure}. */
export type Dialed = (failure: Failure | undefined, socket: Socket | undefined) => void

/** Remembers TLS sessions of one endpoint, so that later handshakes are short. */
export interface SessionSlot {
  session: Buffer | undefined
}

/**
 * Opens a connection to an endpoint and tells the outcome once. Both halves stay independent: an end of theirs is not
 * answered by an end of ours.
 *
 * @returns the socket while it is still connecting; destroying it gives up
 */
export function dial(options: DialOptions, slot: SessionSlot, done: Dialed): Socket {
  const { tls } = options
  const to: TcpNetConnectOpts = {
    host: options.host,
    port: options.port,
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: Math.max(10, options.dualStackFallback),
  }
  const socket = tls === undefined ? connectTcp(to) : connectTls({ ...to, ...handshake(tls, slot) })
  if (tls !== undefined) {
    socket.on('session', (session: Buffer) => {
      slot.session = session
    })
  }
  new Dial(options, socket, done)
  return socket
}

function handshake(tls: UpstreamTls, slot: SessionSlot): ConnectionOptions {
  return {
    secureContext: tls.context,
    minVersion: tls.minVersion,
    ...(tls.maxVersion === undefined ? {} : { maxVersion: tls.maxVersion }),
    ALPNProtocols: ['http/1.1'],
    // An address is verified like a name, but must not be asked for by SNI (RFC 6066, 3).
    servername: /^[\d.]+$|:/.test(tls.serverName) ? '' : tls.serverName,
    checkServerIdentity: (_name, certificate) => checkServerIdentity(tls.serverName, certificate),
    ...(slot.session === undefined ? {} : { session: slot.session }),
  }
}

/** One attempt: a limit for the connection, another for the handshake, and one outcome. */
class Dial {
  readonly #options: DialOptions
  readonly #socket: Socket
  readonly #done: Dialed
  #phase: UpstreamPhase = 'connect'
  #timer: NodeJS.Timeout | undefined
  #over = false

  constructor(options: DialOptions, socket: Socket, done: Dialed) {
    this.#options = options
    this.#socket = socket
    this.#done = done
    this.#limit(options.connectTimeout)
    socket.once('connect', () => this.#connected())
    socket.once('secureConnect', () => this.#succeed())
    socket.on('error', (error) => this.#fail(error))
    socket.once('close', () => this.#fail(new Error('closed while connecting')))
  }

  #connected(): void {
    if (this.#options.tls === undefined) {
      this.#succeed()
      return
    }
    this.#phase = 'handshake'
    clearTimeout(this.#timer)
    this.#limit(this.#options.handshakeTimeout)
  }

  #limit(milliseconds: number): void {
    if (milliseconds > 0) this.#timer = setTimeout(() => this.#expire(), milliseconds)
  }

  #expire(): void {
    const failure =
      this.#phase === 'connect'
        ? new Failure('timeout', { timeout: 'connect' })
        : new Failure('tls_handshake_failure', {}, new Error('no handshake in time'))
    this.#conclude(failure)
  }

  #succeed(): void {
    if (this.#over) return
    this.#over = true
    clearTimeout(this.#timer)
    this.#done(undefined, this.#socket)
  }

  #fail(error: Error): void {
    this.#conclude(toFailure(error, this.#phase))
  }

  #conclude(failure: Failure): void {
    clearTimeout(this.#timer)
    if (this.#over) return
    this.#over = true
    this.#socket.destroy()
    this.#done(failure, undefined)
  }
}
