import { once } from 'node:events'
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { own, type Scope } from './scope.ts'

/** A request as a backend received it. */
export interface ReceivedRequest {
  readonly method: string
  /** Path and query as they stood in the request line. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  /** Names and values in the order and case of the wire. */
  readonly rawHeaders: readonly string[]
  /** Complete when the client has sent all; rejects when it went away before. Empty when bodies are not recorded. */
  readonly body: Promise<Buffer>
}

/** Answers a request. The body has not been read yet when it is called. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

/** A real HTTP/1.1 server on the loopback interface that remembers what it was asked. */
export interface Backend {
  readonly name: string
  /** `HOST:PORT`. */
  readonly address: string
  readonly port: number
  readonly url: string
  /** Every request so far. */
  readonly requests: readonly ReceivedRequest[]
  /** Connections that are open now, upgraded ones included. */
  connections(): number
  /** Stops it before its scope ends; open connections are reset. */
  close(): Promise<void>
}

/** How a backend differs from the plain one. */
export interface BackendOptions {
  readonly name?: string
  /** Default: answers 200 with the backend's name and a line feed. */
  readonly handler?: Handler
  /** Takes over a request to upgrade; without it such a request gets an ordinary answer. */
  readonly onUpgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
  readonly port?: number
  /** Default 127.0.0.1; any other of 127.0.0.0/8 will do too. */
  readonly host?: string
  /** False: bodies are left to the handler, which may then let them wait. Default true: they are read as they come. */
  readonly recordBodies?: boolean
}

/** A backend that is closed when the scope ends. */
export async function startBackend(scope: Scope, options: BackendOptions = {}): Promise<Backend> {
  const {
    name = 'backend',
    handler = named(name),
    onUpgrade,
    port = 0,
    host = '127.0.0.1',
    recordBodies = true,
  } = options
  const requests: ReceivedRequest[] = []
  const sockets = new Set<Duplex>()
  // kept connections are closed by the test, not by a timer that a machine which stands still lets run out
  const server = createServer({ keepAliveTimeout: 3_600_000 }, (request, response) => {
    requests.push(received(request, recordBodies ? read(request) : Promise.resolve(Buffer.alloc(0))))
    Promise.resolve(handler(request, response)).catch((error) => response.destroy(error))
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    // the peer may vanish at any time; what the test sees of it is its own matter
    socket.on('error', () => socket.destroy())
  })
  if (onUpgrade) {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      requests.push(received(request, Promise.resolve(Buffer.alloc(0))))
      onUpgrade(request, socket, head)
    })
  }
  server.listen(port, host)
  await once(server, 'listening')
  const actual = (server.address() as AddressInfo).port
  const close = (): Promise<void> => closed(server, sockets)
  own(scope, close)
  return {
    name,
    address: `${host}:${actual}`,
    port: actual,
    url: `http://${host}:${actual}`,
    requests,
    connections: () => sockets.size,
    close,
  }
}

/** Answers every request with a JSON description of it: method, url, headers and the body as text. */
export const echo: Handler = async (request, response) => {
  const body = await read(request)
  response.writeHead(200, { 'content-type': 'application/json' })
  const { method, url, headers } = request
  response.end(JSON.stringify({ method, url, headers, body: body.toString() }))
}

function named(name: string): Handler {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain' }).end(`${name}\n`)
  }
}

function received(request: IncomingMessage, body: Promise<Buffer>): ReceivedRequest {
  body.catch(() => undefined) // a test that does not look at the body is not told that the client went away
  const { method = '', url = '', headers, rawHeaders } = request
  return { method, url, headers, rawHeaders, body }
}

function read(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => resolve(Buffer.concat(chunks)))
    request.on('error', reject)
    request.on('close', () => reject(new Error('the client closed before the end of the body')))
  })
}

async function closed(server: Server, sockets: ReadonlySet<Duplex>): Promise<void> {
  if (!server.listening) return
  server.close()
  for (const socket of sockets) socket.destroy()
  await once(server, 'close')
}
