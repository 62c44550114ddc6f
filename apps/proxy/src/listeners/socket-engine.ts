import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { Failure } from '../failure/failure.ts'
import type { TimerWheel } from '../timer-wheel.ts'
import type { Tunnel } from '../upgrade-offer.ts'
import { Client } from './client.ts'
import type { Connection, ConnectionHost } from './connection.ts'
import type { Engine, Front } from './engine.ts'
import { Http1Connection } from './http1/http1-connection.ts'

/** Unaccepted connections that the kernel keeps for a listener. */
const backlog = 4096

/** Idle time before the kernel asks whether a client is still there, in milliseconds. */
const keepAliveDelay = 30_000

/** What all engines of a process share. */
export interface EngineOptions {
  readonly wheel: TimerWheel
  /** Other processes of ours listen on the same port, each with a share of the connections. */
  readonly reusePort?: boolean
  /** Hears of errors that can only be ours. */
  readonly onMistake: (thrown: unknown) => void
}

/** A listening socket on the codec of our own. */
export class SocketEngine implements Engine, ConnectionHost {
  readonly wheel: TimerWheel
  readonly #address: string
  readonly #port: number
  readonly #options: EngineOptions
  readonly #server: Server
  readonly #connections = new Map<Socket, Connection | undefined>()
  readonly #tunnels = new Set<Tunnel>()
  #front: Front
  #draining = false

  constructor(address: string, port: number, front: Front, options: EngineOptions) {
    this.wheel = options.wheel
    this.#address = address
    this.#port = port
    this.#front = front
    this.#options = options
    this.#server = createServer({
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveDelay,
    })
    this.#server.on('error', () => undefined) // of binding: told by `listen`; of accepting: the socket lives on
    this.#server.on('connection', (socket) => this.#onConnection(socket))
  }

  get front(): Front {
    return this.#front
  }

  get connections(): number {
    return this.#connections.size
  }

  get tunnels(): number {
    return this.#tunnels.size
  }

  get draining(): boolean {
    return this.#draining
  }

  async listen(): Promise<void> {
    const { reusePort = false } = this.#options
    this.#server.listen({ host: this.#address, port: this.#port, backlog, reusePort })
    await once(this.#server, 'listening')
  }

  use(front: Front): void {
    this.#front = front
  }

  stopListening(): void {
    this.#server.close()
  }

  async drain(limit: number): Promise<void> {
    this.#draining = true
    const { listening } = this.#server
    if (!listening && this.#connections.size === 0) return
    const closed = once(this.#server, 'close')
    if (listening) this.#server.close()
    for (const connection of this.#connections.values()) connection?.drain()
    const timer = setTimeout(() => this.#closeAll(), limit)
    await closed
    clearTimeout(timer)
  }

  onJoined(tunnel: Tunnel, ended: () => void): void {
    this.#tunnels.add(tunnel)
    tunnel.onClosed = () => {
      this.#tunnels.delete(tunnel)
      ended()
    }
  }

  onMistake(thrown: unknown): void {
    this.#options.onMistake(thrown)
  }

  #closeAll(): void {
    for (const tunnel of this.#tunnels) tunnel.close()
    for (const [socket, connection] of this.#connections) {
      if (connection === undefined) socket.destroy()
      else connection.destroy()
    }
  }

  #onConnection(socket: Socket): void {
    const { maxConnections } = this.#front.rules
    const full = maxConnections > 0 && this.#connections.size >= maxConnections
    this.#connections.set(socket, undefined)
    socket.on('close', () => this.#connections.delete(socket))
    const connection = new Http1Connection(this, socket, 'http', new Client(socket))
    this.#connections.set(socket, connection)
    if (full) connection.refuse(new Failure('overloaded', { message: 'too many connections' }))
  }
}
