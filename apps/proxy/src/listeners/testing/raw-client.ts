import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { own, type Scope } from '@vrata/testkit'

/** How long one step may wait for its bytes, in milliseconds. */
const patience = 10_000

/** A client that sends and reads byte by byte. Text is latin1. */
export interface RawClient {
  readonly socket: Socket
  /** All that came so far. */
  readonly text: string
  /** Whether the server has said that it sends no more. */
  readonly ended: boolean
  send(bytes: string | Buffer): void
  /** Waits until what came contains `part` at least `times` times, and gives all of it. */
  until(part: string, times?: number): Promise<string>
  /** Waits until the server has closed, and gives all that came. */
  untilClosed(): Promise<string>
}

/** Connects in clear text. */
export async function rawClient(scope: Scope, port: number): Promise<RawClient> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: false, noDelay: true })
  await once(socket, 'connect')
  return rawClientOn(scope, socket)
}

/** The same on a connection that is open already. */
export function rawClientOn(scope: Scope, socket: Socket): RawClient {
  own(scope, () => socket.destroy())
  const chunks: Buffer[] = []
  let ended = false
  let closed = false
  let wake: (() => void) | undefined
  socket.on('error', () => undefined) // a reset is a close
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    wake?.()
  })
  socket.on('end', () => {
    ended = true
  })
  socket.on('close', () => {
    closed = true
    wake?.()
  })
  const text = () => Buffer.concat(chunks).toString('latin1')
  const wait = async (what: string, done: () => boolean) => {
    const deadline = performance.now() + patience
    while (!done()) {
      if (closed) throw new Error(`closed before ${what}; got ${JSON.stringify(text())}`)
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, patience)
      wake = resolve
      await promise
      clearTimeout(timer)
      if (performance.now() > deadline) throw new Error(`no ${what}; got ${JSON.stringify(text())}`)
    }
  }
  return {
    socket,
    get text() {
      return text()
    },
    get ended() {
      return ended
    },
    send: (bytes) => void socket.write(bytes, 'latin1'),
    until: async (part, times = 1) => {
      await wait(JSON.stringify(part), () => text().split(part).length > times)
      return text()
    },
    untilClosed: async () => {
      if (!closed) await wait('close', () => closed)
      return text()
    },
  }
}
