import type { Socket } from 'node:net'
import { breakConnection } from '../../break-connection.ts'
import type { Tunnel } from '../../upgrade-offer.ts'

/** A WebSocket close frame from a server with the code 1001, "going away" (RFC 6455, 7.4.1). */
const goingAway = Buffer.from([0x88, 0x02, 0x03, 0xe9])

/**
 * Ties the lives of two joined connections together. The bytes are carried by whoever joined them; here is decided what
 * the end of one means for the other: a clean end is passed on, a broken one breaks the other.
 */
export class JoinedSockets implements Tunnel {
  onClosed: (() => void) | undefined = undefined
  readonly #client: Socket
  readonly #upstream: Socket
  readonly #isWebSocket: boolean
  #open = 2

  /** @param idleLimit longest silence of both sides, in milliseconds; 0 = no limit */
  constructor(client: Socket, upstream: Socket, isWebSocket: boolean, idleLimit: number) {
    this.#client = client
    this.#upstream = upstream
    this.#isWebSocket = isWebSocket
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => breakConnection(other))
      one.on('close', () => this.#onClose(one, other))
    }
    // What passes in either direction passes through the client's socket.
    client.setTimeout(idleLimit)
    client.on('timeout', () => this.close())
  }

  /** Ends both sides. A WebSocket client learns that it is the server who leaves. */
  close(): void {
    if (this.#isWebSocket && this.#client.writable) this.#client.write(goingAway)
    this.#client.destroySoon()
    this.#upstream.destroy()
  }

  #onClose(one: Socket, other: Socket): void {
    // Closed without an end: what the other side still waits for will never come.
    if (!one.readableEnded || other.writableEnded) other.destroySoon()
    if (--this.#open === 0) this.onClosed?.()
  }
}
