import { Timer, type TimerOwner, type TimerWheel } from '../../timer-wheel.ts'

/** How long a connection with open streams may be silent before it is asked whether it lives, in milliseconds. */
const interval = 30_000

/** How long the reply may take, in milliseconds. */
const patience = 15_000

/**
 * Questions closer to each other than this are hasty, in milliseconds. Servers of gRPC close a connection for "too many
 * pings" at the third one that came less than five minutes after another, with nothing of theirs in between.
 */
const unhurried = 310_000

/** How many hasty questions may fall into one silence; the last one is kept for a moment when there is a reason. */
const mostHasty = 2

/** What is asked; a session of the platform is one. */
export interface Pinged {
  readonly destroyed: boolean
  /** It is not ready to be asked yet. */
  readonly connecting: boolean
  ping(onReply: () => void): boolean
  destroy(error: Error): void
}

/**
 * Asks a silent connection by PING whether it lives, while it has open streams: their silence alone does not tell a slow
 * endpoint from a dead one, whose connection would take further requests for a long time.
 */
export class Heartbeat implements TimerOwner {
  /** A reply did not come. */
  missed = false
  /** Something of an answer has come since the last look. */
  heard = false
  readonly #session: Pinged
  readonly #timers: TimerWheel
  readonly #timer = new Timer(this)
  /** Whether there are open streams. */
  #beats = false
  #asked = false
  #askedAt = -Infinity
  #hasty = 0

  constructor(session: Pinged, timers: TimerWheel) {
    this.#session = session
    this.#timers = timers
  }

  /** There are open streams. */
  start(): void {
    if (this.#beats) return
    this.#beats = true
    if (!this.#asked) this.#timers.arm(this.#timer, interval)
  }

  /** There are none any more. A question that is open stays so: whoever comes next wants to know. */
  stop(): void {
    this.#beats = false
    if (!this.#asked) this.#timers.disarm(this.#timer)
  }

  /** The connection is closed. */
  end(): void {
    this.#timers.disarm(this.#timer)
  }

  /** A stream was given up before an answer came: it may be that none can come. */
  suspect(): void {
    if (this.#asked) return
    this.#look()
    if (this.#patienceLeft(mostHasty) === 0) this.#ask()
  }

  onTimer(): void {
    if (this.#session.destroyed) return
    const heard = this.#look()
    if (this.#asked && !heard) {
      this.missed = true
      this.#session.destroy(new Error('no reply to PING'))
      return
    }
    const wait = this.#asked ? patience : heard ? interval : this.#patienceLeft(mostHasty - 1)
    if (wait > 0) this.#timers.arm(this.#timer, wait)
    else this.#ask()
  }

  /** How long it is until a question may be asked if no more than `most` of this silence may be hasty; in milliseconds. */
  #patienceLeft(most: number): number {
    return this.#hasty < most ? 0 : Math.max(0, this.#askedAt + unhurried - this.#timers.now)
  }

  /** Whether there was an answer since the last look. */
  #look(): boolean {
    const { heard } = this
    this.heard = false
    if (heard) this.#hasty = 0
    return heard
  }

  #ask(): void {
    if (this.#session.destroyed || this.#session.connecting) return
    const { now } = this.#timers
    if (now - this.#askedAt < unhurried) this.#hasty++
    this.#askedAt = now
    this.#asked = true
    this.#timers.arm(this.#timer, patience)
    this.#session.ping(() => this.#onReply())
  }

  #onReply(): void {
    if (!this.#asked) return
    this.#asked = false
    this.#timers.disarm(this.#timer)
    if (this.#beats) this.#timers.arm(this.#timer, interval)
  }
}
