import type { Socket } from 'node:net'
import type { Outgoing } from '@vrata/http1'
import type { TimerWheel } from '../../timer-wheel.ts'
import { StallWatch, type Writer } from '../stall-watch.ts'

/** Several pieces up to this size together are copied into one, in bytes, and no more than this is held back. */
const joinedUpTo = 65_536

/**
 * The writing half of a client's connection. What is written while it holds back goes out together when it lets go, so
 * that answers to pipelined requests, or the head and the body of one, are one write.
 */
export class Output implements Writer {
  readonly #socket: Socket
  readonly #stall: StallWatch
  readonly #onStalled: () => void
  #held: Buffer[] = []
  #heldBytes = 0
  #holding = false
  /** Longest time without progress while the client does not read, in milliseconds; 0 = no limit. */
  stallLimit = 0

  constructor(socket: Socket, wheel: TimerWheel, onStalled: () => void) {
    this.#socket = socket
    this.#stall = new StallWatch(wheel, this)
    this.#onStalled = onStalled
  }

  get pending(): number {
    return this.#socket.writableLength
  }

  get taken(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength
  }

  /**
   * Whether the client does not keep up: `drain` of the socket follows. A large write that the kernel took at once asks for
   * `drain` too, but nobody has to wait for that.
   */
  get full(): boolean {
    return this.#socket.writableNeedDrain && this.#socket.writableLength > 0
  }

  /** From now on what is written is held back. */
  hold(): void {
    this.#holding = true
  }

  /** Writes what was held back. */
  letGo(): void {
    this.#holding = false
    this.#sendHeld()
  }

  #sendHeld(): void {
    const held = this.#held
    if (held.length === 0) return
    this.#held = []
    this.#heldBytes = 0
    this.#send(held)
  }

  /** @returns false when the client does not keep up: `drain` of the socket follows */
  write(pieces: Outgoing): boolean {
    if (!this.#holding) this.#send(pieces)
    else {
      for (const piece of pieces) {
        this.#held.push(piece)
        this.#heldBytes += piece.length
      }
      if (this.#heldBytes > joinedUpTo) this.#sendHeld()
    }
    return !this.full
  }

  /** The client has taken all. */
  onDrain(): void {
    this.#stall.stop()
  }

  onStalled(): void {
    this.#onStalled()
  }

  /** The connection is closed. */
  close(): void {
    this.#stall.stop()
    this.#held = []
  }

  #send(pieces: Outgoing): void {
    const socket = this.#socket
    const [first] = pieces
    if (first === undefined) return
    if (pieces.length === 1) socket.write(first)
    else this.#sendAll(pieces)
    if (socket.writableLength > 0) this.#stall.watch(this.stallLimit)
  }

  #sendAll(pieces: Outgoing): void {
    let bytes = 0
    for (const piece of pieces) bytes += piece.length
    if (bytes <= joinedUpTo) {
      this.#socket.write(Buffer.concat(pieces, bytes))
      return
    }
    this.#socket.cork()
    for (const piece of pieces) this.#socket.write(piece)
    this.#socket.uncork()
  }
}
