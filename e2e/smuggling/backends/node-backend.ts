import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { own, type Scope } from '@vrata/testkit'
import type { ObservedBackend, Seen } from './observed.ts'

/** Header lines that a request of the victim has at a backend, whoever else was on the connection before. */
const expectedOfVictims = new Set([
  ...['host', 'connection', 'x-client'],
  ...['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-request-id', 'traceparent'],
])

/** node:http with its lenient parser; reports header lines of victims that no victim sent as requests of status 0. */
export async function startNodeBackend(scope: Scope): Promise<ObservedBackend> {
  const seen: Seen[] = []
  const sockets = new Set<Socket>()
  const server = createServer({ insecureHTTPParser: true, keepAliveTimeout: 3_600_000 }, (incoming, response) => {
    const request = `${incoming.method} ${incoming.url}`
    const foreign = incoming.rawHeaders.filter((name, at) => at % 2 === 0 && !expectedOfVictims.has(name.toLowerCase()))
    if (incoming.url?.startsWith('/victim/') && foreign.length > 0) {
      seen.push({ status: 0, request: `${request} with ${foreign.join(', ')}` })
    }
    let complete = false
    incoming.on('end', () => {
      complete = true
      seen.push({ status: 200, request })
      response.setHeader('x-echo', `${request} from=${incoming.headers['x-client'] ?? ''}`)
      response.end('ok')
    })
    incoming.on('close', () => {
      if (!complete) seen.push({ status: 400, request })
    })
    incoming.on('error', () => undefined) // 'close' follows
    incoming.resume()
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // a connection that the other side resets or ends between two requests tells nothing
    if (error.code?.startsWith('HPE_') && error.code !== 'HPE_INVALID_EOF_STATE') {
      seen.push({ status: 400, request: error.code })
    }
    socket.destroy()
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  own(scope, async () => {
    server.close()
    for (const socket of sockets) socket.destroy()
    await once(server, 'close')
  })
  const { port } = server.address() as AddressInfo
  return { address: `127.0.0.1:${port}`, seen: async () => seen }
}
