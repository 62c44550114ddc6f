/**
 * Requests at a fixed rate, whatever the answers do: each has its moment, and its time counts from that moment on, so
 * that a slow answer is not hidden by the requests that wait behind it. Prints one line of JSON with latencies in
 * milliseconds.
 *
 *     node paced-client.ts '{"port": 8000, "path": "/", "rate": 5000, "seconds": 4, "connections": 64}'
 */
import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import { percentile } from '../report/statistics.ts'

interface Request {
  readonly port: number
  readonly path: string
  /** Requests per second of all connections together. */
  readonly rate: number
  readonly seconds: number
  readonly connections: number
}

/** Longest sleep in milliseconds: this late an answer can be noticed. */
const nap = 0.1

/** Shortest sleep: at high rates some requests go out together, which leaves the core more time for the backend. */
const wink = 0.04

const { port, path, rate, seconds, connections } = JSON.parse(process.argv[2] ?? '') as Request
const bytes = Buffer.from(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`)
const buffer = Buffer.alloc(65_536)
const latencies: number[] = []
const idle: Connection[] = []
/** Moments of requests for which no connection was free. */
const waiting: number[] = []
let errors = 0

/** A kept connection with at most one request under way. */
class Connection {
  readonly #socket: Socket
  #due = 0
  /** Bytes of the answer that have come. */
  #arrived = 0
  /** The beginning of the first answer, until its head is complete. */
  #head = ''
  /** Bytes of a whole answer; known from the first one on, since all are the same. 0 before. */
  #length = 0

  constructor() {
    const socket = createConnection({
      port,
      host: '127.0.0.1',
      noDelay: true,
      // one buffer for all: what arrives is only counted
      onread: { buffer, callback: (size) => this.#read(size) },
    })
    socket.on('error', () => socket.destroy()) // counted when it closes
    socket.on('close', () => {
      errors++
    })
    this.#socket = socket
  }

  async open(): Promise<void> {
    await once(this.#socket, 'connect')
  }

  ask(due: number): void {
    this.#due = due
    this.#arrived = 0
    this.#socket.write(bytes)
  }

  close(): void {
    this.#socket.removeAllListeners('close').destroy()
  }

  #read(size: number): true {
    if (this.#length === 0) this.#learn(buffer.toString('latin1', 0, size))
    this.#arrived += size
    if (this.#arrived !== this.#length) return true
    latencies.push(performance.now() - this.#due)
    const next = waiting.shift()
    if (next === undefined) idle.push(this)
    else this.ask(next)
    return true
  }

  #learn(text: string): void {
    this.#head += text
    const end = this.#head.indexOf('\r\n\r\n')
    if (end < 0) return
    const length = /^content-length: *(\d+)\r$/im.exec(this.#head.slice(0, end + 2))?.[1]
    if (length === undefined || !this.#head.startsWith('HTTP/1.1 200 ')) {
      this.#socket.destroy(new Error(`unexpected answer:\n${this.#head.slice(0, end)}`))
      return
    }
    this.#length = end + 4 + Number(length)
  }
}

for (let n = 0; n < connections; n++) {
  const connection = new Connection()
  await connection.open()
  idle.push(connection)
}
const all = [...idle]

const pillow = new Int32Array(new SharedArrayBuffer(4))
const interval = 1000 / rate
const total = Math.round(rate * seconds)
const began = performance.now()
let sent = 0

/**
 * One turn: sends what is due, sleeps until the next request but no longer than a nap, and lets the event loop read.
 * Timers would be too coarse (milliseconds), and running without sleep would take the core from the backend.
 */
function turn(): void {
  const now = performance.now()
  while (sent < total && began + sent * interval <= now) {
    const due = began + sent * interval
    sent++
    const connection = idle.shift()
    if (connection === undefined) waiting.push(due)
    else connection.ask(due)
  }
  if (latencies.length + errors >= total || now > began + seconds * 1000 + 2_000) {
    finish()
    return
  }
  const next = began + sent * interval - performance.now()
  Atomics.wait(pillow, 0, 0, Math.max(wink, Math.min(nap, next)))
  setImmediate(turn)
}

function finish(): void {
  for (const connection of all) connection.close()
  const missing = total - latencies.length
  const at = (p: number): number => (latencies.length === 0 ? Number.NaN : percentile(latencies, p))
  const took = (performance.now() - began) / 1000
  console.log(
    JSON.stringify({
      msg: 'done',
      rate: latencies.length / took,
      errors: missing,
      p50: at(50),
      p90: at(90),
      p99: at(99),
    }),
  )
}

turn()
