import { Agent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

/** A whole answer. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** What a request is made of, where it differs from a plain GET. */
export interface RequestOptions {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  /** A connection of its own by default. */
  readonly agent?: Agent
  /** Milliseconds until a request without progress fails; default 60000. */
  readonly timeout?: number
}

/**
 * Sends a request as it is: any `host` header, no redirects, no decompression. Offers to keep the connection, as every
 * real client does, and closes it afterwards unless it is the agent's. Rejects when there is no whole answer.
 */
export async function ask(url: string, options: RequestOptions = {}): Promise<Answer> {
  const agent = options.agent ?? oneConnection()
  try {
    const response = await begin(url, { ...options, agent })
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk)
    return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks).toString() }
  } finally {
    if (options.agent === undefined) agent.destroy()
  }
}

/** Like `ask`, but resolves with the head; the body is the caller's to read. */
export function begin(url: string, { method = 'GET', headers, body, agent, timeout = 60_000 }: RequestOptions = {}) {
  return new Promise<IncomingMessage>((resolve, reject) => {
    const request = httpRequest(url, { method, agent: agent ?? false, ...(headers ? { headers } : {}) })
    request.setTimeout(timeout, () => request.destroy(new Error(`${method} ${url}: no progress for ${timeout} ms`)))
    request.on('error', reject)
    request.on('response', resolve)
    request.end(body)
  })
}

/** An agent that uses one connection for all its requests, as a browser or a service does. */
export function oneConnection(): Agent {
  return new Agent({ keepAlive: true, maxSockets: 1 })
}

/** What a slow reader has received. */
export interface Download {
  /** Bytes so far. */
  readonly received: number
  readonly finished: boolean
  /** Resolves with the number of bytes at the proper end; rejects when the connection was cut. */
  readonly done: Promise<number>
  /** Reads the rest as fast as it comes. */
  hurry(): void
  abort(): void
}

/** Reads `url` at no more than about `bytesPerSecond`, so that it is under way as long as a test needs. */
export async function slowDownload(url: string, bytesPerSecond: number): Promise<Download> {
  const response = await begin(url, { timeout: 600_000 })
  if (response.statusCode !== 200) throw new Error(`download answered ${response.statusCode}`)
  let received = 0
  let finished = false
  let slow = true
  const read = async (): Promise<number> => {
    for await (const chunk of response) {
      received += (chunk as Buffer).length
      if (slow) await wait(((chunk as Buffer).length / bytesPerSecond) * 1000)
    }
    finished = true
    return received
  }
  const done = read()
  done.catch(() => undefined) // whoever looks at `done` sees it; an aborted download need not be looked at
  return {
    get received() {
      return received
    },
    get finished() {
      return finished
    },
    done,
    hurry: () => {
      slow = false
    },
    abort: () => response.destroy(),
  }
}

/** Writes bytes to a server as they are and gives all that comes back until it closes, as latin1. */
export function rawExchange(port: number, bytes: string | Buffer, timeout = 60_000): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    const chunks: Buffer[] = []
    socket.setTimeout(timeout, () => socket.destroy(new Error(`no byte and no close for ${timeout} ms`)))
    socket.on('error', reject)
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')))
    socket.write(bytes, 'latin1')
  })
}
