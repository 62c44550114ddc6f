import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { ErrorBody } from '@vrata/model'
import { type Logger, longestDelay } from '@vrata/service'
import { UnderWay } from './under-way.ts'

export interface ServerOptions {
  readonly host: string
  /** 0 = any free one. */
  readonly port: number
  readonly app: RequestListener
  /** Milliseconds for a request to arrive as a whole, and for a connection to make progress. */
  readonly requestTimeout: number
  /** Milliseconds for its head. */
  readonly headerTimeout: number
  readonly log: Logger
}

/** A bound server. */
export interface RunningServer {
  /** `127.0.0.1:8080`, `[::1]:8080` */
  readonly address: string
  /** Stops accepting, waits for the requests under way, and after so many milliseconds cuts what is left. */
  close(timeout: number): Promise<void>
}

/** How often connections are looked at for timeouts, and idle ones closed when stopping, in milliseconds. */
const checkInterval = 500
const closeInterval = 20

/** Binds the server. Rejects with the system's reason when the address cannot be had. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { host, port, app, log } = options
  const [requestTimeout, headerTimeout] = [timer(options.requestTimeout), timer(options.headerTimeout)]
  const server = createServer({
    requestTimeout,
    headersTimeout: Math.min(headerTimeout, requestTimeout),
    connectionsCheckingInterval: checkInterval,
    keepAliveTimeout: 60_000,
  })
  const underWay = new UnderWay()
  server.on('request', (req, res) => underWay.begin(req, res))
  server.on('checkContinue', (req, res) => underWay.begin(req, res))
  // A client that neither sends nor reads holds its socket no longer than this; one that waits for us does nothing wrong.
  server.timeout = Math.max(requestTimeout, headerTimeout)
  server.on('timeout', (socket: Socket) => {
    if (!underWay.isWorking(socket)) socket.destroy()
  })
  server.on('request', app)
  server.on('checkContinue', app)
  server.on('checkExpectation', (_req: IncomingMessage, res: ServerResponse) => {
    const text = document(randomUUID(), 'invalid', 'the expectation cannot be met')
    res.writeHead(417, { 'Content-Type': 'application/json', Connection: 'close' }).end(text)
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (underWay.isAnswering(socket)) socket.destroy()
    else refuse(error, socket, log)
  })
  server.listen({ port, ...(host === '' ? {} : { host }) })
  await once(server, 'listening')
  return { address: addressOf(server), close: (timeout) => close(server, timeout) }
}

/** What did not become a request: answered by hand, since no layer has seen it, and logged like one. */
function refuse(error: NodeJS.ErrnoException, socket: Socket, log: Logger): void {
  const [status, code, sentence] = explain(error)
  const remote = socket.remoteAddress ?? ''
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const requestId = randomUUID()
  log.info({ status: Number(status.slice(0, 3)), remote, reason: error.code, requestId }, 'request')
  const body = document(requestId, code, sentence)
  const head = [
    `HTTP/1.1 ${status}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
    'X-Content-Type-Options: nosniff',
    'Cache-Control: no-store',
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
  // A client that goes on sending must not keep the socket.
  socket.setTimeout(1000, () => socket.destroy())
}

function explain(error: NodeJS.ErrnoException): readonly [string, string, string] {
  switch (error.code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return ['408 Request Timeout', 'request_timeout', 'the request did not arrive in time']
    case 'HPE_HEADER_OVERFLOW':
      return ['431 Request Header Fields Too Large', 'headers_too_large', 'the header fields are too large']
    default:
      return ['400 Bad Request', 'bad_request', 'the request is not HTTP']
  }
}

function document(requestId: string, code: string, error: string): string {
  const body: ErrorBody = { error, code, requestId }
  return `${JSON.stringify(body)}\n`
}

async function close(server: Server, timeout: number): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  // Connections whose last request ends from now on become idle only then.
  const idle = setInterval(() => server.closeIdleConnections(), closeInterval)
  const late = setTimeout(() => server.closeAllConnections(), timer(timeout))
  await closed
  clearInterval(idle)
  clearTimeout(late)
}

/** Milliseconds as timers of the platform take them: whole, and not above what they know. */
function timer(milliseconds: number): number {
  return Math.min(Math.ceil(milliseconds), longestDelay)
}

function addressOf(server: Server): string {
  const address = server.address() as AddressInfo // listening on TCP, so it is one
  return address.family === 'IPv6' ? `[${address.address}]:${address.port}` : `${address.address}:${address.port}`
}
