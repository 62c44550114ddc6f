import type { Socket } from 'node:net'
import { longestDelay } from '@vrata/service'
import type { TimerWheel } from '../timer-wheel.ts'
import type { Tunnel } from '../upgrade-offer.ts'
import type { Connection, ConnectionHost } from './connection.ts'
import type { Front } from './engine.ts'
import type { PathAction, PathWitness } from './guard.ts'

/** What connections of a group take from the engine. */
export interface GroupHost extends PathWitness {
  readonly front: Front
  readonly wheel: TimerWheel
  onMistake(thrown: unknown): void
}

/** The connections that a listening socket has accepted and that drain together. */
export class ConnectionGroup implements ConnectionHost {
  readonly wheel: TimerWheel
  draining = false
  readonly #host: GroupHost
  /** Undefined while it is not known yet what is spoken. */
  readonly #connections = new Map<Socket, Connection | undefined>()
  readonly #tunnels = new Set<Tunnel>()
  readonly #emptied = Promise.withResolvers<void>()

  constructor(host: GroupHost) {
    this.#host = host
    this.wheel = host.wheel
  }

  get front(): Front {
    return this.#host.front
  }

  get size(): number {
    return this.#connections.size
  }

  get tunnels(): number {
    return this.#tunnels.size
  }

  /** Takes a connection in until it is closed. */
  enter(socket: Socket): void {
    this.#connections.set(socket, undefined)
    socket.on('close', () => {
      this.#connections.delete(socket)
      if (this.draining && this.#connections.size === 0) this.#emptied.resolve()
    })
  }

  /** It is known what is spoken on a connection that was taken in. */
  speaks(socket: Socket, connection: Connection): void {
    if (!this.#connections.has(socket)) return
    this.#connections.set(socket, connection)
    if (this.draining) connection.drain()
  }

  onJoined(tunnel: Tunnel, ended: () => void): void {
    this.#tunnels.add(tunnel)
    tunnel.onClosed = () => {
      this.#tunnels.delete(tunnel)
      ended()
    }
  }

  onMistake(thrown: unknown): void {
    this.#host.onMistake(thrown)
  }

  onPath(action: PathAction, path: string): void {
    this.#host.onPath(action, path)
  }

  /** Lets what is under way end; after `limit` milliseconds closes the rest. Resolves when nothing is left. */
  async drain(limit: number): Promise<void> {
    this.draining = true
    if (this.#connections.size === 0) return
    for (const connection of this.#connections.values()) connection?.drain()
    const timer = setTimeout(() => this.#closeAll(), Math.min(limit, longestDelay))
    await this.#emptied.promise
    clearTimeout(timer)
  }

  #closeAll(): void {
    for (const tunnel of this.#tunnels) tunnel.close()
    // What tunnels have to say as their last is on its way out by then.
    setImmediate(() => {
      for (const [socket, connection] of this.#connections) {
        if (connection === undefined) socket.destroy()
        else connection.destroy()
      }
    })
  }
}
