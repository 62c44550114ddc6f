import type { Exchange } from '../exchange.ts'
import type { PathAction } from './guard.ts'
import type { ListenerRules } from './rules.ts'
import type { TlsGate } from './tls/tls-gate.ts'

/** Takes the exchanges that a listener admits; a compiled gateway is one. */
export interface Acceptor {
  serve(exchange: Exchange): void
}

/** What stands behind a socket at the moment: how clients are treated, and who answers. Replaced as a whole. */
export interface Front {
  readonly rules: ListenerRules
  readonly acceptor: Acceptor
  /** Undefined: clear text. */
  readonly tls?: TlsGate | undefined
}

/** What a listening socket has to say about itself. */
export interface EngineCounts {
  /** Connections accepted so far. */
  readonly accepted: number
  /** Connections that are open now. */
  readonly open: number
  /** TLS handshakes that failed so far. */
  readonly handshakeErrors: number
  /** Paths so far that were not canonical. */
  readonly paths: Readonly<Record<PathAction, number>>
}

/** A listening socket and what is spoken on it. The address is fixed, everything else is in the front. */
export interface Engine {
  /** Binds. Rejects with the error of the platform; may then be called again. */
  listen(): Promise<void>
  /**
   * Puts another front behind the socket, for all requests from now on. When it changes from clear text to TLS or back,
   * the connections of before drain.
   */
  use(front: Front): void
  readonly counts: EngineCounts
  /** Connections that are open now. */
  readonly connections: number
  /** Upgraded connections that are open now. */
  readonly tunnels: number
  /** Stops listening at once; connections go on. */
  stopListening(): void
  /**
   * Lets requests in flight end, with `Connection: close` or GOAWAY, and closes what is idle; after `limit` milliseconds
   * closes the rest. Resolves when no connection is left.
   */
  drain(limit: number): Promise<void>
}

/** Makes an engine for an address; nothing is bound yet. */
export type MakeEngine = (address: string, port: number, front: Front) => Engine
