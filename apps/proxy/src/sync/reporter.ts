import { setTimeout as wait } from 'node:timers/promises'
import type { Ack, Heartbeat } from '@vrata/model'
import type { Logger } from '@vrata/service'
import type { Backoff } from './backoff.ts'
import type { ControlPlane } from './control-plane.ts'

/** Milliseconds between two heartbeats. */
const heartbeatInterval = 10_000

/**
 * Tells the control plane what this proxy runs. A report is repeated until it is accepted; of several only the newest
 * counts.
 */
export class Reporter {
  readonly #controlPlane: ControlPlane
  readonly #backoff: Backoff
  readonly #log: Logger
  readonly #signal: AbortSignal
  #pending: Ack | undefined = undefined
  #sending = false
  #failed = false

  constructor(controlPlane: ControlPlane, backoff: Backoff, log: Logger, signal: AbortSignal) {
    this.#controlPlane = controlPlane
    this.#backoff = backoff
    this.#log = log
    this.#signal = signal
  }

  /** Reports the outcome of an activation. */
  report(ack: Ack): void {
    this.#pending = ack
    if (!this.#sending) void this.#send()
  }

  async #send(): Promise<void> {
    this.#sending = true
    while (this.#pending !== undefined && !this.#signal.aborted) {
      const ack = this.#pending
      const reason = await this.#post('/api/v1/sync/ack', ack)
      if (reason === undefined) {
        this.#backoff.reset()
        if (this.#pending === ack) this.#pending = undefined
      } else await this.#pause()
      this.#tell(reason)
    }
    this.#sending = false
  }

  /** Sends heartbeats until stopped; one that is lost is not missed. */
  async heartbeats(current: () => Heartbeat): Promise<void> {
    while (!this.#signal.aborted) {
      await wait(heartbeatInterval, undefined, { signal: this.#signal }).catch(() => undefined) // ends early when the program stops
      if (!this.#signal.aborted) await this.#post('/api/v1/sync/heartbeat', current())
    }
  }

  /** @returns why it was not accepted; undefined when it was */
  async #post(path: string, body: unknown): Promise<string | undefined> {
    try {
      const { status } = await this.#controlPlane.post(path, body, this.#signal)
      return status >= 200 && status < 300 ? undefined : `status ${status}`
    } catch (thrown) {
      return thrown instanceof Error ? thrown.message : 'unknown error'
    }
  }

  async #pause(): Promise<void> {
    // The wait ends early when the program stops; the loop's condition sees it.
    await wait(this.#backoff.next(), undefined, { signal: this.#signal }).catch(() => undefined)
  }

  /** One line when reports begin to fail, one when they come through again. */
  #tell(reason: string | undefined): void {
    const failed = reason !== undefined
    if (failed === this.#failed || this.#signal.aborted) return
    this.#failed = failed
    if (failed) this.#log.warn({ reason }, 'report not accepted')
    else this.#log.info('reports accepted again')
  }
}
