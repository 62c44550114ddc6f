import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Logger } from '@vrata/service'
import { Failure } from '../failure/failure.ts'
import { directly } from '../sockets/direct-socket.ts'
import type { TimerWheel } from '../timer-wheel.ts'
import { Client } from './client.ts'
import { ConnectionGroup, type GroupHost } from './connection-group.ts'
import type { Engine, EngineCounts, Front } from './engine.ts'
import { lookAtFirstBytes } from './first-bytes.ts'
import type { PathAction } from './guard.ts'
import { Http1Connection } from './http1/http1-connection.ts'
import { Http2Connection } from './http2/http2-connection.ts'
import { clientCertificate } from './tls/client-certificate.ts'
import { Handshake } from './tls/handshake.ts'
import type { TlsGate } from './tls/tls-gate.ts'

/** Unaccepted connections that the kernel keeps for a listener. */
const backlog = 4096

/** Idle time before the kernel asks whether a client is still there, in milliseconds. */
const keepAliveDelay = 30_000

/** What all engines of a process share. */
export interface EngineOptions {
  readonly wheel: TimerWheel
  readonly log: Logger
  /** Other processes of ours listen on the same port, each with a share of the connections. */
  readonly reusePort?: boolean
  /** Hears of errors that can only be ours. */
  readonly onMistake: (thrown: unknown) => void
}

/** A listening socket: HTTP/1.1 on the codec of our own and HTTP/2, in clear text or TLS, on one port. */
export class SocketEngine implements Engine, GroupHost {
  readonly #address: string
  readonly #port: number
  readonly #options: EngineOptions
  readonly #server: Server
  #front: Front
  #group: ConnectionGroup
  /** Those that spoke clear text before TLS came, or the other way round. */
  readonly #former = new Set<ConnectionGroup>()
  #accepted = 0
  /** Connections that were told that there are too many, and are not closed yet. They count for nobody else. */
  #refused = 0
  #handshakeErrors = 0
  readonly #paths: Record<PathAction, number> = { changed: 0, refused: 0, would_change: 0, would_refuse: 0 }

  constructor(address: string, port: number, front: Front, options: EngineOptions) {
    this.#address = address
    this.#port = port
    this.#options = options
    this.#front = front
    this.#group = new ConnectionGroup(this)
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

  get wheel(): TimerWheel {
    return this.#options.wheel
  }

  get connections(): number {
    return this.#sum(({ size }) => size)
  }

  get tunnels(): number {
    return this.#sum(({ tunnels }) => tunnels)
  }

  get counts(): EngineCounts {
    return {
      accepted: this.#accepted,
      open: this.connections,
      handshakeErrors: this.#handshakeErrors,
      paths: this.#paths,
    }
  }

  #sum(of: (group: ConnectionGroup) => number): number {
    let sum = of(this.#group)
    for (const group of this.#former) sum += of(group)
    return sum
  }

  async listen(): Promise<void> {
    const { reusePort = false } = this.#options
    this.#server.listen({ host: this.#address, port: this.#port, backlog, reusePort })
    await once(this.#server, 'listening')
  }

  use(front: Front): void {
    const before = this.#front
    this.#front = front
    if ((before.tls === undefined) === (front.tls === undefined)) return
    const former = this.#group
    this.#group = new ConnectionGroup(this)
    this.#former.add(former)
    void former.drain(before.rules.drainTimeout).then(() => this.#former.delete(former))
  }

  stopListening(): void {
    this.#server.close()
  }

  async drain(limit: number): Promise<void> {
    if (this.#server.listening) this.#server.close()
    await Promise.all([this.#group, ...this.#former].map((group) => group.drain(limit)))
  }

  onMistake(thrown: unknown): void {
    this.#options.onMistake(thrown)
  }

  onPath(action: PathAction, path: string): void {
    this.#paths[action]++
    if (action === 'changed' || action === 'refused') return
    const { id, name } = this.#front.rules
    this.#options.log.debug({ listener: id, name, path, action }, 'path is not canonical')
  }

  #onConnection(accepted: Socket): void {
    const { rules, tls } = this.#front
    const socket = tls === undefined ? directly(accepted) : accepted
    const group = this.#group
    const full = rules.maxConnections > 0 && this.connections - this.#refused >= rules.maxConnections
    this.#accepted++
    group.enter(socket)
    if (tls !== undefined) this.#secure(socket, group, tls, full)
    else if (full) this.#refuse(socket, group)
    else if (rules.http2) this.#lookAt(socket, group)
    else group.speaks(socket, new Http1Connection(group, socket, 'http', new Client(socket)))
  }

  #refuse(socket: Socket, group: ConnectionGroup): void {
    this.#refused++
    socket.on('close', () => {
      this.#refused--
    })
    const connection = new Http1Connection(group, socket, 'http', new Client(socket))
    group.speaks(socket, connection)
    connection.refuse(new Failure('overloaded', { message: 'too many connections' }))
  }

  #lookAt(socket: Socket, group: ConnectionGroup): void {
    const { clientHeader } = this.#front.rules.timeouts
    const looking = lookAtFirstBytes(socket, this.wheel, clientHeader, (beginning, bytes) => {
      const client = new Client(socket)
      if (beginning === 'http2') {
        group.speaks(socket, new Http2Connection(group, socket, 'http', client, bytes))
        return
      }
      const connection = new Http1Connection(group, socket, 'http', client, bytes)
      group.speaks(socket, connection)
      if (beginning === 'late') connection.refuse(new Failure('request_timeout'))
    })
    group.speaks(socket, looking)
  }

  #secure(socket: Socket, group: ConnectionGroup, gate: TlsGate, full: boolean): void {
    // A client that cannot be told why is not worth a handshake.
    if (full) {
      socket.destroy()
      return
    }
    new Handshake(socket, gate, this.wheel, this.#front.rules.timeouts.clientHeader, {
      onSecure: (secure) => this.#onSecure(socket, secure, group),
      onFailure: (error) => this.#onHandshakeError(socket, error),
    })
  }

  #onSecure(socket: Socket, secure: TLSSocket, group: ConnectionGroup): void {
    const shown = secure.getPeerX509Certificate()
    const client = new Client(secure, shown === undefined ? undefined : clientCertificate(shown))
    const connection =
      secure.alpnProtocol === 'h2'
        ? new Http2Connection(group, secure, 'https', client)
        : new Http1Connection(group, secure, 'https', client)
    group.speaks(socket, connection)
  }

  #onHandshakeError(socket: Socket, error: Error | undefined): void {
    // One that went away without a word was only looking whether somebody listens.
    if (socket.bytesRead === 0) return
    this.#handshakeErrors++
    const { id, name } = this.#front.rules
    this.#options.log.debug(
      { listener: id, name, error: error?.message ?? 'the client went away' },
      'TLS handshake failed',
    )
  }
}
