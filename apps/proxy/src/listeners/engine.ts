import type { Exchange } from '../exchange.ts'
import type { ListenerRules } from './rules.ts'

/** Takes the exchanges that a listener admits; a compiled gateway is one. */
export interface Acceptor {
  serve(exchange: Exchange): void
}

/** What stands behind a socket at the moment: how clients are treated, and who answers. Replaced as a whole. */
export interface Front {
  readonly rules: ListenerRules
  readonly acceptor: Acceptor
}

/**
 * A listening socket and the protocol spoken on it. The address is fixed, everything else is in the front. Another
 * engine (an HTTP/1.1 codec of our own, HTTP/2) takes this one's place without anybody else noticing.
 */
export interface Engine {
  /** Binds. Rejects with the error of the platform; may then be called again. */
  listen(): Promise<void>
  /** Puts another front behind the socket, for all requests from now on. */
  use(front: Front): void
  /** Connections that are open now. */
  readonly connections: number
  /** Upgraded connections that are open now. */
  readonly tunnels: number
  /** Stops listening at once; connections go on. */
  stopListening(): void
  /**
   * Lets requests in flight end, with `Connection: close`, and closes what is idle; after `limit` milliseconds closes
   * the rest. Resolves when no connection is left.
   */
  drain(limit: number): Promise<void>
}

/** Makes an engine for an address; nothing is bound yet. */
export type MakeEngine = (address: string, port: number, front: Front) => Engine
