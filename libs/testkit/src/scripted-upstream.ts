import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { own, type Scope } from './scope.ts'

/** How long a step waits for its bytes, and the end of a test for its sockets, unless told otherwise. Milliseconds. */
const usualPatience = 30_000

/**
 * What an upstream does with the connection number `connection` (from 0). The connection stays open when the script
 * returns; it is ended when the test is over.
 */
export type Script = (peer: ScriptedPeer, connection: number) => Promise<void>

/** One accepted connection, read and written byte by byte. Every wait fails when patience ends and names itself. */
export class ScriptedPeer {
  readonly socket: Socket
  readonly #patience: number
  #received = Buffer.alloc(0)
  #ended = false
  #closed = false
  #wake: (() => void) | undefined

  constructor(socket: Socket, patience: number) {
    this.socket = socket
    this.#patience = patience
    socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#wake?.()
    })
    socket.on('end', () => {
      this.#ended = true
      this.#wake?.()
    })
    socket.on('close', () => {
      this.#closed = true
      this.#wake?.()
    })
    socket.on('error', () => this.#wake?.()) // the other side may reset: that is part of many scripts
  }

  /** Waits for a whole request head and gives it back, up to and with its empty line. */
  requestHead(): Promise<string> {
    return this.readUntil('\r\n\r\n')
  }

  /** Waits for `text` and gives back everything up to and with it (latin1). */
  async readUntil(text: string): Promise<string> {
    await this.#wait(() => this.#received.includes(text, 0, 'latin1'), `"${text}"`)
    return this.#take(this.#received.indexOf(text, 0, 'latin1') + Buffer.byteLength(text, 'latin1')).toString('latin1')
  }

  /** Waits for exactly `count` bytes. */
  async readBytes(count: number): Promise<Buffer> {
    await this.#wait(() => this.#received.length >= count, `${count} bytes`)
    return this.#take(count)
  }

  /** Waits until the other side ends its half, and gives back what came before. */
  async readToEnd(): Promise<Buffer> {
    await this.#wait(() => this.#ended || this.#closed, 'the end of the stream')
    return this.#take(this.#received.length)
  }

  /** How many bytes have arrived and were not read by a step yet. */
  get unread(): number {
    return this.#received.length
  }

  /** Writes exactly these bytes (text as latin1) and waits until they left for the kernel. */
  write(bytes: string | Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      const data = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
      this.socket.write(data, (error) => (error ? reject(error) : resolve()))
    })
  }

  /** Ends our half; the other half goes on. */
  end(): void {
    this.socket.end()
  }

  /** Ends the connection by a RST, as a crashed process does. */
  reset(): void {
    this.socket.resetAndDestroy()
  }

  /** Waits until the other side has closed, cleanly or not, and closes our side. */
  async closed(): Promise<void> {
    await this.#wait(() => this.#ended || this.#closed, 'the connection to be closed')
    this.socket.end()
  }

  /** Stops reading, so that the other side's writes pile up. */
  pause(): void {
    this.socket.pause()
  }

  resume(): void {
    this.socket.resume()
  }

  #take(count: number): Buffer {
    const taken = this.#received.subarray(0, count)
    this.#received = this.#received.subarray(count)
    return taken
  }

  async #wait(ready: () => boolean, what: string): Promise<void> {
    if (ready()) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), this.#patience)
    this.#wake = () => {
      if (ready()) resolve()
      else if (this.#closed) reject(new Error(`the connection was closed before ${what}`))
    }
    if (this.#closed) this.#wake()
    try {
      await promise
    } finally {
      clearTimeout(timer)
      this.#wake = undefined
    }
  }
}

/** A running scripted upstream. */
export interface ScriptedUpstream {
  readonly host: string
  readonly port: number
  /** `127.0.0.1:PORT` */
  readonly address: string
  /** How many connections were accepted so far. */
  readonly connections: number
  /** How many of them are open now. */
  readonly open: number
}

/**
 * A TCP server on a free loopback port that plays `script` on each connection. When its scope ends it ends
 * what is open, and fails the test when a script threw, is still waiting, or when the other side keeps its socket.
 */
export async function scriptedUpstream(
  scope: Scope,
  script: Script,
  patience = usualPatience,
): Promise<ScriptedUpstream> {
  const open = new Set<Socket>()
  const running = new Set<Promise<void>>()
  const failures: unknown[] = []
  let connections = 0
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    const played = script(new ScriptedPeer(socket, patience), connections++)
      .catch((error: unknown) => {
        failures.push(error)
        socket.destroy()
      })
      .finally(() => running.delete(played))
    running.add(played)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  own(scope, async () => {
    server.close()
    await settled(() => running.size === 0, patience)
    const unplayed = running.size
    for (const socket of open) socket.end()
    await settled(() => open.size === 0, patience)
    const left = open.size
    for (const socket of open) socket.destroy()
    if (failures.length > 0) throw failures[0]
    assert.equal(unplayed, 0, 'a scripted upstream still has steps to play')
    assert.equal(left, 0, 'the other side keeps a socket to a scripted upstream open')
  })
  return {
    host: '127.0.0.1',
    port,
    address: `127.0.0.1:${port}`,
    get connections() {
      return connections
    },
    get open() {
      return open.size
    },
  }
}

/** Looks every few milliseconds whether `done`, for as long as our patience lasts. */
async function settled(done: () => boolean, patience: number): Promise<void> {
  const end = performance.now() + patience
  while (!done() && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 5))
}
