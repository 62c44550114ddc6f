import type { Socket } from 'node:net'

/** A client's wish to go on with another protocol on its connection (RFC 9110, 7.8). */
export interface UpgradeOffer {
  /** Lower case, for example `websocket`. */
  readonly token: string
  /** The client's connection, with its HTTP parser taken off. */
  readonly socket: Socket
  /** What arrived behind the request head in the same packet. */
  readonly firstBytes: Buffer
  /** How long the joined connections may be silent in both directions, in milliseconds; 0 = no limit. */
  readonly idleLimit: number
  /** Whoever joins the connection to an upstream tells it, so that draining and counting know. */
  joined(tunnel: Tunnel): void
}

/** Two connections joined after a change of protocol. */
export interface Tunnel {
  /** Ends both sides; a WebSocket client is told first that the server goes away. */
  close(): void
  /** Called once when both sides are closed. */
  onClosed: (() => void) | undefined
}
