import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { own, type Scope } from './scope.ts'

/** Stands between a client and a server and makes the way between them worse. */
export interface TcpRelay {
  readonly port: number
  /** `127.0.0.1:PORT`. */
  readonly address: string
  /** Milliseconds by which what the server says is held back; may be changed at any time. */
  delay: number
  /** Connections from clients so far. */
  readonly accepted: number
  /** All that clients have said so far, as latin1. */
  readonly heard: string
}

/** A relay to a port of the loopback interface; closed, with all its connections, when the scope ends. */
export async function startRelay(scope: Scope, to: number): Promise<TcpRelay> {
  const sockets = new Set<Socket>()
  const timers = new Set<NodeJS.Timeout>()
  const relay = { port: 0, address: '', delay: 0, accepted: 0, heard: '' }
  const keep = (socket: Socket, other: Socket): void => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      sockets.delete(socket)
      other.destroy()
    })
  }
  const server = createServer((client) => {
    relay.accepted++
    const target = connect(to, '127.0.0.1')
    keep(client, target)
    keep(target, client)
    client.pipe(target)
    client.on('data', (chunk: Buffer) => {
      relay.heard += chunk.toString('latin1')
    })
    target.on('data', (chunk: Buffer) => {
      // Always by a timer: a chunk that is held back must not be overtaken by the next one.
      const timer = setTimeout(() => {
        timers.delete(timer)
        client.write(chunk)
      }, relay.delay)
      timers.add(timer)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  relay.port = (server.address() as AddressInfo).port
  relay.address = `127.0.0.1:${relay.port}`
  own(scope, async () => {
    server.close()
    for (const timer of timers) clearTimeout(timer)
    for (const socket of sockets) socket.destroy()
    await once(server, 'close')
  })
  return relay
}
