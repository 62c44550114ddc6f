import type { Socket } from 'node:net'
import { kept, stopTakingFrom, takeFrom } from '../sockets/direct-socket.ts'
import { Timer, type TimerOwner, type TimerWheel } from '../timer-wheel.ts'
import { type Connection, freshTime } from './connection.ts'

/** What a client begins with that speaks HTTP/2 by prior knowledge; no request of HTTP/1.1 does (RFC 9113, 3.4). */
const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'

/** As much of it as it takes to know. */
const telling = 4

/** What a client that has just connected begins with; `late`: too few bytes to know came in time. */
export type Beginning = 'http1' | 'http2' | 'late'

/** Hears what a client begins with, and the bytes that were looked at. */
export type TellBeginning = (beginning: Beginning, bytes: Buffer | undefined) => void

/**
 * Looks at the first bytes of a connection in clear text and tells what they are the beginning of.
 *
 * @param limit how long they may take, in milliseconds; 0 = no limit
 * @returns what stands for the connection until then
 */
export function lookAtFirstBytes(socket: Socket, wheel: TimerWheel, limit: number, tell: TellBeginning): Connection {
  return new FirstBytes(socket, wheel, limit, tell)
}

class FirstBytes implements Connection, TimerOwner {
  readonly #socket: Socket
  readonly #wheel: TimerWheel
  readonly #tell: TellBeginning
  readonly #timer = new Timer(this)
  #bytes: Buffer | undefined = undefined
  #leaving = false

  constructor(socket: Socket, wheel: TimerWheel, limit: number, tell: TellBeginning) {
    this.#socket = socket
    this.#wheel = wheel
    this.#tell = tell
    takeFrom(socket, this.#onData)
    socket.on('end', this.#onEnd)
    socket.on('close', this.#onClose)
    socket.on('error', () => undefined) // 'close' follows
    if (limit > 0) wheel.arm(this.#timer, limit)
  }

  /** One that has begun is let go on: what it turns out to be drains by itself. */
  drain(): void {
    if (this.#bytes !== undefined) return
    this.#leaving = true
    this.#wheel.arm(this.#timer, freshTime)
  }

  destroy(): void {
    this.#socket.destroy()
  }

  onTimer(): void {
    if (this.#leaving && this.#bytes === undefined) this.#socket.destroy()
    else this.#settle('late')
  }

  readonly #onData = (bytes: Buffer): void => {
    const all = this.#bytes === undefined ? kept(bytes) : Buffer.concat([this.#bytes, bytes])
    this.#bytes = all
    const beginning = all.toString('latin1', 0, telling)
    if (!preface.startsWith(beginning)) this.#settle('http1')
    else if (all.length >= telling) this.#settle('http2')
  }

  readonly #onEnd = (): void => {
    this.#socket.destroy()
  }

  readonly #onClose = (): void => {
    this.#wheel.disarm(this.#timer)
  }

  #settle(beginning: Beginning): void {
    const socket = this.#socket
    this.#wheel.disarm(this.#timer)
    stopTakingFrom(socket, this.#onData)
    socket.off('end', this.#onEnd)
    socket.off('close', this.#onClose)
    this.#tell(beginning, this.#bytes)
  }
}
