import type { Socket } from 'node:net'
import type { Outgoing } from '@vrata/http1'
import type { TimerWheel } from '../../timer-wheel.ts'
import { atTurnEnd, type TurnWriter } from '../../turn-end.ts'
import { StallWatch, type Writer } from '../stall-watch.ts'

/** Several pieces up to this size together are copied into one, in bytes, and no more than this is held back. */
const joinedUpTo = 65_536

/**
 * The writing half of a client's connection. What is written in one turn of the event loop goes out together at its end,
 * so that answers to pipelined requests, or the head and the body of one, are one write.
 */
export class Output implements Writer, TurnWriter {
  readonly #socket: Socket
  readonly #stall: StallWatch
  readonly #onStalled: () => void
  readonly #held: Buffer[] = []
  #heldBytes = 0
  /** Longest time without progress while the client does not read, in milliseconds; 0 = no limit. */
  stallLimit = 0

  constructor(socket: Socket, wheel: TimerWheel, onStalled: () => void) {
    this.#socket = socket
    this.#stall = new StallWatch(wheel, this)
    this.#onStalled = onStalled
  }

  get pending(): number {
    return this.#socket.writableLength + this.#heldBytes
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

  /** @returns false when the client does not keep up: `drain` of the socket follows */
  write(pieces: Outgoing): boolean {
    for (const piece of pieces) {
      if (this.#held.length === 0) atTurnEnd(this)
      this.#held.push(piece)
      this.#heldBytes += piece.length
    }
    if (this.#heldBytes > joinedUpTo) this.flush()
    return !this.full
  }

  onTurnEnd(): void {
    this.flush()
  }

  /** Writes now what waits for the end of the turn. */
  flush(): void {
    const held = this.#held
    const [first] = held
    if (first === undefined) return
    const socket = this.#socket
    if (held.length === 1) socket.write(first)
    else if (this.#heldBytes <= joinedUpTo) socket.write(Buffer.concat(held, this.#heldBytes))
    else this.#sendMany(held)
    held.length = 0
    this.#heldBytes = 0
    if (socket.writableLength > 0) this.#stall.watch(this.stallLimit)
  }

  #sendMany(pieces: Outgoing): void {
    this.#socket.cork()
    for (const piece of pieces) this.#socket.write(piece)
    this.#socket.uncork()
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
    this.#held.length = 0
    this.#heldBytes = 0
  }
}
