import type { ClientHttp2Session } from 'node:http2'
import { Timer, type TimerOwner, type TimerWheel } from '../../timer-wheel.ts'

/** How often a connection with open streams is asked whether it lives, in milliseconds. */
const interval = 30_000

/** How long the reply may take, in milliseconds. */
const patience = 15_000

/**
 * Asks a connection by PING whether it lives, while it has open streams: their silence alone does not tell a slow
 * endpoint from a dead one, whose connection would take further requests for a long time.
 */
export class Heartbeat implements TimerOwner {
  /** A reply did not come. */
  missed = false
  readonly #session: ClientHttp2Session
  readonly #timers: TimerWheel
  readonly #timer = new Timer(this)
  #asked = false

  constructor(session: ClientHttp2Session, timers: TimerWheel) {
    this.#session = session
    this.#timers = timers
  }

  /** Begins, unless it has begun. */
  start(): void {
    if (!this.#timer.armed) this.#timers.arm(this.#timer, interval)
  }

  stop(): void {
    this.#asked = false
    this.#timers.disarm(this.#timer)
  }

  onTimer(): void {
    if (this.#session.destroyed) return
    if (this.#asked) {
      this.missed = true
      this.#session.destroy(new Error('no reply to PING'))
      return
    }
    this.#asked = true
    this.#timers.arm(this.#timer, patience)
    this.#session.ping(() => this.#onReply())
  }

  #onReply(): void {
    if (!this.#asked) return
    this.#asked = false
    this.#timers.arm(this.#timer, interval)
  }
}
