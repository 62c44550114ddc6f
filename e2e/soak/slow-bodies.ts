import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect, Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { type Scope, startBackend } from '@vrata/testkit'
import { residentBytes } from '../bench/machine/cpu-time.ts'
import { startGateway } from '../gateway.ts'

/** What flows, how much, and how slowly. */
export interface SlowBodies {
  /** `down`: answers to clients that read slowly; `up`: requests to a backend that reads slowly. */
  readonly direction: 'down' | 'up'
  readonly connections: number
  /** Bytes of each body. */
  readonly size: number
  /** Milliseconds during which all of them are slow while memory is measured. */
  readonly slowFor: number
  /** How many of them then go on at full speed to the end; the others are cut. */
  readonly whole: number
}

/** What it cost the proxy. */
export interface SlowBodiesReport {
  /** Resident memory with all connections open and idle, in bytes. */
  readonly idle: number
  /** The most while all bodies were under way. */
  readonly peak: number
  /** The difference for each connection. */
  readonly perConnection: number
  /** Bytes of bodies that arrived at the slow side while it was slow. */
  readonly arrivedSlowly: number
  /** Bytes that arrived of each body that went on to its end. */
  readonly wholeBodies: readonly number[]
}

/** Longest time for the bodies that go on to their end, in milliseconds. */
const patience = 300_000
const headEnd = '\r\n\r\n'
const piece = Buffer.alloc(65_536, 'x')
/** Pause of the slow side after each piece that it has read, in milliseconds. */
const rest = 100

/** Reads a stream of bytes: slowly, until it is told to hurry. */
class Reader {
  received = 0
  #slow = true
  readonly #stream: Socket | IncomingMessage

  constructor(stream: Socket | IncomingMessage) {
    this.#stream = stream
    let isBody = !(stream instanceof Socket)
    stream.on('data', (bytes: Buffer) => {
      // the head of an answer comes in one piece
      this.received += isBody ? bytes.length : bytes.length - bytes.indexOf(headEnd) - headEnd.length
      isBody = true
      if (!this.#slow) return
      stream.pause()
      setTimeout(() => stream.resume(), rest).unref()
    })
  }

  hurry(): void {
    this.#slow = false
    this.#stream.resume()
  }
}

/** Sends large bodies through a proxy of its own to a side that reads slowly, and measures the proxy's memory. */
export async function slowBodies(scope: Scope, options: SlowBodies): Promise<SlowBodiesReport> {
  const { direction, connections, size, slowFor, whole } = options
  const { proxy, port, base, activate } = await startGateway(scope)
  const uploads: Reader[] = []
  const backend = await startBackend(scope, {
    recordBodies: false,
    handler: async (request, response) => {
      if (request.method === 'GET') return serve(request, response, size)
      const reader = new Reader(request)
      if (request.url === '/first') reader.hurry()
      else uploads.push(reader)
      await once(request, 'end')
      response.end(String(reader.received))
    },
  })
  await activate(base.destination('a', backend.address).forward('all', '/', 'a'))
  const memory = (): number => residentBytes([proxy.program.pid])

  // a first body at full speed: what is made once, and kept, belongs to no connection
  await oneAtFullSpeed(port, direction, Math.min(size, 64_000_000))
  const sockets = await Promise.all(Array.from({ length: connections }, () => idleConnection(port)))
  await wait(500)
  const idle = memory()

  const readers = sockets.map((socket) => new Reader(socket))
  for (const socket of sockets) {
    if (direction === 'down') socket.write('GET /body HTTP/1.1\r\nHost: a\r\n\r\n')
    else send(socket, '/body', size)
  }
  let peak = idle
  const slowUntil = performance.now() + slowFor
  const deadline = performance.now() + patience
  const slowSide = direction === 'down' ? readers : uploads
  const allBegun = (): boolean => slowSide.length === connections && slowSide.every(({ received }) => received > 0)
  while (performance.now() < slowUntil || (!allBegun() && performance.now() < deadline)) {
    await wait(50)
    peak = Math.max(peak, memory())
  }
  const arrivedSlowly = slowSide.reduce((sum, { received }) => sum + received, 0)
  for (const socket of sockets.slice(whole)) socket.destroy()

  const wholeBodies: number[] = []
  for (const reader of [...readers, ...uploads]) reader.hurry()
  for (const reader of readers.slice(0, whole)) {
    const complete = (): boolean => (direction === 'down' ? reader.received >= size : reader.received > 0)
    while (!complete() && performance.now() < deadline) {
      await wait(20)
      peak = Math.max(peak, memory())
    }
  }
  for (const reader of direction === 'down' ? readers.slice(0, whole) : uploads) {
    if (direction === 'down' || reader.received >= size) wholeBodies.push(reader.received)
  }
  for (const socket of sockets) socket.destroy()
  return { idle, peak, perConnection: (peak - idle) / connections, arrivedSlowly, wholeBodies }
}

async function serve(request: IncomingMessage, response: ServerResponse, size: number): Promise<void> {
  if (request.url === '/idle') {
    response.end('ok')
    return
  }
  response.writeHead(200, { 'content-length': size })
  for (let sent = 0; sent < size && !response.destroyed; sent += piece.length) {
    if (!response.write(piece.subarray(0, size - sent))) await drained(response)
  }
  response.end()
}

/** A connection that has had a first answer. What it receives from then on is the caller's to count. */
async function idleConnection(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined) // some are cut in the end
  socket.write('GET /idle HTTP/1.1\r\nHost: a\r\n\r\n')
  let text = ''
  while (!text.endsWith('ok')) {
    const [bytes] = await once(socket, 'data')
    text += String(bytes)
  }
  socket.removeAllListeners('data')
  return socket
}

async function oneAtFullSpeed(port: number, direction: 'down' | 'up', size: number): Promise<void> {
  const socket = await idleConnection(port)
  const reader = new Reader(socket)
  reader.hurry()
  if (direction === 'down') socket.write('GET /first HTTP/1.1\r\nHost: a\r\n\r\n')
  else send(socket, '/first', size)
  while (reader.received < (direction === 'down' ? size : 1)) await wait(20)
  socket.destroy()
}

/** Sends a body as fast as it is taken, and no more than that waits here. */
function send(socket: Socket, path: string, size: number): void {
  socket.write(`POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`)
  let sent = 0
  const more = (): void => {
    while (sent < size && !socket.destroyed) {
      const bytes = piece.subarray(0, size - sent)
      sent += bytes.length
      if (!socket.write(bytes)) return
    }
  }
  socket.on('drain', more)
  more()
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done)
      response.off('close', done)
      resolve()
    }
    response.on('drain', done)
    response.on('close', done)
  })
}
