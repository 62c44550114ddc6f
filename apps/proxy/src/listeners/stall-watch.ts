import { Timer, type TimerOwner, type TimerWheel } from '../timer-wheel.ts'

/** Where something is written that a client may be slow to take. */
export interface Writer {
  /** Bytes that were given to it and not taken yet. */
  readonly pending: number
  /** Bytes that were taken so far. */
  readonly taken: number
  /** The client took nothing for too long. */
  onStalled(): void
}

/** How often it is looked within the limit: a stall is noticed at most this part of the limit late. */
const looks = 4

/**
 * Notices a client that takes nothing of what is written for it. Only standing still counts: a client may be as slow as
 * it likes, and whoever has nothing to take waits as long as there is nothing.
 */
export class StallWatch implements TimerOwner {
  readonly #wheel: TimerWheel
  readonly #writer: Writer
  readonly #timer = new Timer(this)
  #limit = 0
  #taken = 0
  #quiet = 0

  constructor(wheel: TimerWheel, writer: Writer) {
    this.#wheel = wheel
    this.#writer = writer
  }

  /** Begins to watch, unless it does already. `limit`: longest time without progress in milliseconds; 0 = none. */
  watch(limit: number): void {
    if (limit === 0 || this.#timer.armed) return
    this.#limit = limit
    this.#taken = this.#writer.taken
    this.#quiet = 0
    this.#wheel.arm(this.#timer, limit / looks)
  }

  /** All was taken. */
  stop(): void {
    this.#wheel.disarm(this.#timer)
  }

  onTimer(): void {
    const { pending, taken } = this.#writer
    if (pending === 0) return
    this.#quiet = taken === this.#taken ? this.#quiet + 1 : 0
    this.#taken = taken
    if (this.#quiet >= looks) this.#writer.onStalled()
    else this.#wheel.arm(this.#timer, this.#limit / looks)
  }
}
