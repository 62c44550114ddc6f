import type { Socket } from 'node:net'
import type { Outgoing } from '@vrata/http1'
import { TurnOutput } from '../../sockets/turn-output.ts'
import type { TimerWheel } from '../../timer-wheel.ts'
import { StallWatch, type Writer } from '../stall-watch.ts'

/** The writing half of a client's connection: what is written in one turn of the event loop goes out together. */
export class Output implements Writer {
  readonly #socket: Socket
  readonly #stall: StallWatch
  readonly #onStalled: () => void
  readonly #output: TurnOutput
  /** Longest time without progress while the client does not read, in milliseconds; 0 = no limit. */
  stallLimit = 0

  constructor(socket: Socket, wheel: TimerWheel, onStalled: () => void) {
    this.#socket = socket
    this.#stall = new StallWatch(wheel, this)
    this.#output = new TurnOutput(socket, () => this.#stall.watch(this.stallLimit))
    this.#onStalled = onStalled
  }

  get pending(): number {
    return this.#socket.writableLength + this.#output.held
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
    this.#output.write(pieces)
    return !this.full
  }

  /** Writes now what waits for the end of the turn. */
  flush(): void {
    this.#output.flush()
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
    this.#output.drop()
  }
}
