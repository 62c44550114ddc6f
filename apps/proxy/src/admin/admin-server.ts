import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { HostPort } from '@vrata/service'
import type { Readiness } from './readiness.ts'

/** What the admin endpoints show and may do. */
export interface AdminSource {
  readiness(): Readiness
  metrics(): Promise<{ readonly contentType: string; readonly body: string }>
  /** @param full with the configuration, secrets left out */
  config(full: boolean): Promise<unknown>
  endpoints(): Promise<unknown>
  logLevel(): string
  /** @returns false when there is no such level */
  setLogLevel(level: string): boolean
}

interface Reply {
  readonly status: number
  /** Methods that would be served. */
  readonly allow?: string
  readonly contentType?: string
  readonly body: string
}

type Handler = (source: AdminSource, request: IncomingMessage, query: URLSearchParams) => Reply | Promise<Reply>

/** Longest request body that is read, in bytes. */
const maxBody = 1024

const routes: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  '/livez': { GET: () => json(200, { status: 'ok' }) },
  '/readyz': { GET: (source) => ready(source.readiness()) },
  '/metrics': { GET: async (source) => ({ status: 200, ...(await source.metrics()) }) },
  '/config': { GET: async (source, _request, query) => json(200, await source.config(query.has('full'))) },
  '/endpoints': { GET: async (source) => json(200, await source.endpoints()) },
  '/loglevel': { GET: (source) => json(200, { level: source.logLevel() }), PUT: changeLogLevel },
}

/** The proxy's own endpoints, on an address that traffic never uses. */
export class AdminServer implements AsyncDisposable {
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  /** Binds and serves. Rejects with the error of the platform when the address cannot be bound. */
  static async open(at: HostPort, source: AdminSource, onMistake: (thrown: unknown) => void): Promise<AdminServer> {
    const server = createServer((request, response) => {
      answer(source, request).then(
        (reply) => send(response, reply, request.method === 'HEAD'),
        (thrown: unknown) => {
          if (request.errored !== null) return // the client went away before it had said what it wants
          onMistake(thrown)
          send(response, json(500, { error: 'internal error' }), false)
        },
      )
    })
    server.listen(at.port, at.host === '' ? undefined : at.host)
    await once(server, 'listening')
    server.on('error', onMistake) // of accepting: who is not let in comes again, and the socket lives on
    return new AdminServer(server)
  }

  /** `host:port` as bound. */
  get address(): string {
    const { address, port, family } = this.#server.address() as AddressInfo
    return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }
}

async function answer(source: AdminSource, request: IncomingMessage): Promise<Reply> {
  const target = urlOf(request.url ?? '/')
  const methods = routes[target?.pathname ?? '']
  if (target === null || methods === undefined) return json(404, { error: 'not found' })
  const handler = methods[request.method === 'HEAD' ? 'GET' : (request.method ?? '')]
  if (handler !== undefined) return handler(source, request, target.searchParams)
  const allow = Object.keys(methods).flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
  return { ...json(405, { error: 'method not allowed' }), allow: allow.join(', ') }
}

/** A target as a path or as a whole URL (RFC 9112, 3.2); null when it is neither. */
function urlOf(target: string): URL | null {
  return URL.parse(target.startsWith('/') ? `http://admin${target}` : target)
}

function ready({ ready, body }: Readiness): Reply {
  return json(ready ? 200 : 503, body)
}

/** Takes `{"level":"debug"}` or the bare word. */
async function changeLogLevel(source: AdminSource, request: IncomingMessage): Promise<Reply> {
  const text = await bodyOf(request)
  if (text === undefined) return json(413, { error: 'too large' })
  const level = /^\s*\{\s*"level"\s*:\s*"(\w+)"\s*\}\s*$/.exec(text)?.[1] ?? text.trim()
  if (!source.setLogLevel(level)) return json(400, { error: 'level must be debug, info, warn or error' })
  return json(200, { level })
}

async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  let text = ''
  for await (const chunk of request) {
    text += String(chunk)
    if (text.length > maxBody) return undefined
  }
  return text
}

function json(status: number, body: unknown): Reply {
  return { status, contentType: 'application/json', body: `${JSON.stringify(body)}\n` }
}

function send(
  response: ServerResponse,
  { status, allow, contentType = 'application/json', body }: Reply,
  head: boolean,
): void {
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    ...(allow === undefined ? {} : { allow }),
  })
  response.end(head ? undefined : body)
}
