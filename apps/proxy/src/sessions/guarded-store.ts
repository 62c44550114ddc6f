import type { Logger } from '@vrata/service'
import type { Clock } from '../clock.ts'
import { late, within } from '../within.ts'
import { reasonOf } from './reason.ts'
import { type BackendEvents, type SessionBackend, WriteRefused } from './session-backend.ts'
import { type Pin, type SessionStore, type Unanswered, unanswered } from './session-store.ts'

/**
 * `starting`: nobody knows yet, and nobody asks. `readOnly`: pins are read but cannot be written. `down`: requests do
 * not ask, a probe in the background does.
 */
export type StoreState = 'starting' | 'up' | 'readOnly' | 'down'

/** What a guarded store is made of. */
export interface GuardOptions {
  readonly backend: SessionBackend
  /** Longest wait of a request and of a probe, in milliseconds. */
  readonly patience: number
  readonly clock: Clock
  readonly log: Logger
}

/** So many questions in a row without an answer end the asking. One slow answer alone does not. */
const failuresToStop = 5

/** Milliseconds between two probes while the store is not up. */
const shortestPause = 1_000

/** A store that fails again before it was up for this long is probed less and less often, up to the longest pause. */
const steadyTime = 30_000
const longestPause = 30_000

/** A connection on which a probe has waited this long is given up: its other end may be gone without a word. */
const silenceLimit = 5_000

const noAnswer = 'no answer in time'

/**
 * Stands between requests and the backend. A request waits `patience` at most; when the backend fails again and again it
 * is not asked at all until a probe in the background gets an answer in time. Each change of state is one line in the
 * log.
 */
export class GuardedStore implements SessionStore, BackendEvents, Disposable {
  readonly patience: number
  readonly #backend: SessionBackend
  readonly #clock: Clock
  readonly #log: Logger
  readonly #settled = Promise.withResolvers<void>()
  #state: StoreState = 'starting'
  #connected = false
  /** Questions in a row that found no answer. */
  #failures = 0
  #upSince = Number.NEGATIVE_INFINITY
  #pause = shortestPause
  #cancelNextProbe: () => void = nothing
  /** When the probe was sent that has no answer yet. */
  #probeSent: number | undefined = undefined

  constructor({ backend, patience, clock, log }: GuardOptions) {
    this.patience = patience
    this.#backend = backend
    this.#clock = clock
    this.#log = log
    backend.events = this
  }

  get state(): StoreState {
    return this.#state
  }

  get readable(): boolean {
    return this.#state === 'up' || this.#state === 'readOnly'
  }

  get writable(): boolean {
    return this.#state === 'up'
  }

  /** Connects. Resolves when it is known whether the store can be used, after `limit` milliseconds at the latest. */
  async open(limit: number): Promise<void> {
    const cancel = this.#clock.after(limit, () => this.#settled.resolve())
    this.#backend.open()
    await this.#settled.promise
    cancel()
  }

  read(key: string, limit: number): Promise<Pin | undefined | Unanswered> {
    return this.#ask(this.#backend.read(key), limit)
  }

  claim(key: string, target: string, ttl: number, limit: number): Promise<string | Unanswered> {
    return this.#ask(this.#backend.claim(key, target, ttl), limit)
  }

  async move(key: string, target: string, ttl: number, limit: number): Promise<void> {
    await this.#ask(this.#backend.move(key, target, ttl), limit)
  }

  extend(key: string, ttl: number): void {
    if (this.writable) void this.#ask(this.#backend.extend(key, ttl), this.patience)
  }

  onConnected(): void {
    this.#connected = true
    this.#probe()
  }

  onLost(reason: string): void {
    this.#connected = false
    this.#probeSent = undefined
    this.#become('down', reason)
  }

  /** The answer if it comes in time. What became of the question is noted either way. */
  async #ask<T>(reply: Promise<T>, limit: number): Promise<T | Unanswered> {
    try {
      const answer = await within(this.#clock, reply, limit)
      if (answer === late) {
        this.#onFailure(noAnswer)
        return unanswered
      }
      this.#failures = 0
      return answer
    } catch (thrown) {
      if (!(thrown instanceof WriteRefused)) this.#onFailure(reasonOf(thrown))
      else if (this.#state === 'up') this.#become('readOnly', thrown.message)
      return unanswered
    }
  }

  #onFailure(reason: string): void {
    this.#failures++
    if (this.readable && this.#failures >= failuresToStop) this.#become('down', reason)
  }

  #become(state: StoreState, reason = ''): void {
    this.#settled.resolve()
    const before = this.#state
    if (state !== before) {
      this.#state = state
      this.#failures = 0
      this.#tell(reason)
    }
    if (state === 'up') {
      this.#cancelNextProbe()
      if (before !== 'up') this.#upSince = this.#clock.now()
      return
    }
    if (before === 'up') {
      const steady = this.#clock.now() - this.#upSince >= steadyTime
      this.#pause = steady ? shortestPause : Math.min(longestPause, this.#pause * 2)
      // After a steady time it may have been a hiccup: the first probe does not wait.
      this.#probeAfter(steady ? 0 : this.#pause)
      return
    }
    this.#probeAfter(this.#pause)
  }

  #tell(reason: string): void {
    if (this.#state === 'up') this.#log.info('session store is up')
    else if (this.#state === 'down') this.#log.warn({ reason }, 'session store is down: choices are made by hash')
    else this.#log.warn({ reason }, 'session store takes no writes: new clients are not pinned')
  }

  #probeAfter(delay: number): void {
    this.#cancelNextProbe()
    this.#cancelNextProbe = this.#clock.after(delay, () => this.#probe())
  }

  /** Asks whether the store can be used, and sees to it that it is asked again. */
  #probe(): void {
    if (!this.#connected) return // a new connection begins with a probe
    this.#probeAfter(this.#pause)
    const now = this.#clock.now()
    if (this.#probeSent === undefined) {
      this.#probeSent = now
      void this.#judge(this.#backend.probe(), now)
    } else if (now - this.#probeSent >= silenceLimit) this.#backend.reconnect()
  }

  async #judge(reply: Promise<void>, sent: number): Promise<void> {
    const answered = (): void => {
      if (this.#probeSent === sent) this.#probeSent = undefined
    }
    reply.then(answered, answered)
    const [state, reason] = await this.#verdict(reply)
    if (this.#connected) this.#become(state, reason)
  }

  async #verdict(reply: Promise<void>): Promise<[StoreState, string]> {
    try {
      return (await within(this.#clock, reply, this.patience)) === late ? ['down', noAnswer] : ['up', '']
    } catch (thrown) {
      return thrown instanceof WriteRefused ? ['readOnly', thrown.message] : ['down', reasonOf(thrown)]
    }
  }

  [Symbol.dispose](): void {
    this.#connected = false
    this.#state = 'down'
    this.#backend[Symbol.dispose]()
    this.#settled.resolve()
    this.#cancelNextProbe()
  }
}

function nothing(): void {}
