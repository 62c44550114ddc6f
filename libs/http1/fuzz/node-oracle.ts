import http from 'node:http'
import { type Duplex, duplexPair } from 'node:stream'
import type { Reading } from './transcript.ts'

/** One message as somebody read it. */
export interface SeenMessage {
  /** Method and target, or status. */
  readonly start: string
  /** Names and values, flat, as written. */
  readonly fields: readonly string[]
  readonly body: string
  readonly trailers: readonly string[]
}

/** What somebody made of some bytes. */
export interface Verdict {
  readonly messages: readonly SeenMessage[]
  /** `accepted`, or why not. */
  readonly outcome: string
  /** Bytes that were handed over as another protocol. */
  readonly raw: string | undefined
  /** The connection ends with the last message, whatever still came behind it. Only known of our own reading. */
  readonly final?: boolean
}

function code(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}

async function collect(message: http.IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of message) pieces.push(piece)
  return Buffer.concat(pieces).toString('latin1')
}

function seen(start: string, message: http.IncomingMessage, body: string): SeenMessage {
  return { start, fields: message.rawHeaders, body, trailers: message.rawTrailers }
}

/** Reads bytes as node's HTTP server (llhttp and the checks around it), without a socket. */
export async function nodeServer(bytes: Buffer): Promise<Verdict> {
  const [near, far] = duplexPair()
  const messages: SeenMessage[] = []
  const written: Buffer[] = []
  let outcome: string | undefined
  let raw: string | undefined
  const server = http.createServer(async (request, response) => {
    const place = messages.length++ // in the order of the heads, which is not that of the ends
    try {
      const body = await collect(request)
      messages[place] = seen(`${request.method} ${request.url}`, request, body)
      // A declared length lets HTTP/1.0 connections stay, as with our codec.
      response.setHeader('content-length', 0).end()
    } catch (error) {
      outcome ??= error instanceof Error ? code(error) : 'unknown'
    }
  })
  // A client that ends its side behind the last request still gets its answers, as with our codec.
  Object.assign(server, { httpAllowHalfOpen: true })
  server.on('clientError', (error, socket) => {
    outcome = code(error)
    socket.destroy()
  })
  const switchProtocol = async (request: http.IncomingMessage, socket: Duplex, first: Buffer) => {
    messages.push(seen(`${request.method} ${request.url}`, request, ''))
    const pieces = [first]
    for await (const piece of socket) pieces.push(piece)
    raw = Buffer.concat(pieces).toString('latin1')
    socket.end()
  }
  server.on('upgrade', switchProtocol)
  server.on('connect', switchProtocol)
  server.emit('connection', near)
  far.on('error', () => undefined)
  far.on('data', (piece: Buffer) => written.push(piece))
  const ended = new Promise((resolve) => far.on('close', resolve).on('end', resolve))
  far.end(bytes)
  await ended
  near.destroy()
  far.destroy()
  const statuses = [
    ...Buffer.concat(written)
      .toString('latin1')
      .matchAll(/HTTP\/1.1 (\d+)/g),
  ].map((found) => found[1])
  const refusal = statuses.find((status) => status !== '200' && status !== '100')
  return { messages, outcome: outcome ?? (refusal === undefined ? 'accepted' : `answered ${refusal}`), raw }
}

/** Reads bytes as node's HTTP client, in answer to a request. */
export function nodeClient(bytes: Buffer, reading: Reading & { role: 'client' }): Promise<Verdict> {
  const { method = 'GET', upgrade } = reading
  const [near, far] = duplexPair()
  const messages: SeenMessage[] = []
  return new Promise((resolve) => {
    const finish = (outcome: string, raw?: string) => {
      near.destroy()
      far.destroy()
      resolve({ messages, outcome, raw })
    }
    const request = http.request({
      method,
      path: method === 'CONNECT' ? 'a.example:443' : '/',
      headers: { host: 'a.example', ...(upgrade === undefined ? {} : { connection: 'upgrade', upgrade }) },
      createConnection: () => near,
    })
    const noteInformation = ({ statusCode, rawHeaders }: http.InformationEvent) => {
      messages.push({ start: `${statusCode}`, fields: rawHeaders, body: '', trailers: [] })
    }
    const switchProtocol = async (response: http.IncomingMessage, socket: Duplex, first: Buffer) => {
      messages.push(seen(`${response.statusCode}`, response, ''))
      const pieces = [first]
      for await (const piece of socket) pieces.push(piece)
      finish('accepted', Buffer.concat(pieces).toString('latin1'))
    }
    request.on('information', noteInformation)
    request.on('upgrade', switchProtocol)
    request.on('connect', switchProtocol)
    request.on('error', (error) => finish(code(error)))
    request.on('response', async (response) => {
      try {
        messages.push(seen(`${response.statusCode}`, response, await collect(response)))
        finish('accepted')
      } catch (error) {
        finish(error instanceof Error ? code(error) : 'unknown')
      }
    })
    request.end()
    far.resume()
    far.on('error', () => undefined)
    far.end(bytes)
  })
}
