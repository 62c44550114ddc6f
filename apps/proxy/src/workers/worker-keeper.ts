import type { Problem } from '@vrata/model'
import { type Logger, messageOf } from '@vrata/service'
import type { Clock } from '../clock.ts'
import { late, within } from '../within.ts'
import { type Fork, WorkerGone, type WorkerLink } from './link.ts'
import type { WorkerSettings } from './protocol.ts'
import { RestartDelay } from './restart-delay.ts'
import { WorkerLife } from './worker-life.ts'

/** A process that cannot be given orders after this long is not waited for, in milliseconds. */
const startLimit = 30_000

const hour = 3_600_000

/** What the lives of all workers have in common. */
export interface KeeperOptions {
  readonly fork: Fork
  readonly log: Logger
  readonly clock: Clock
  /** Aborted when no worker shall be started any more. */
  readonly closing: AbortSignal
  /** Settings for a worker that starts now. */
  readonly settings: (index: number) => WorkerSettings
  /** It can serve: it waits for a snapshot. */
  readonly onUp: (worker: WorkerLife) => void
  /** Listeners of it were bound, or not, without an order. */
  readonly onState: () => void
  /** It has ended, expected or not. `worker` is undefined if it had not come as far as to be able to serve. */
  readonly onEnded: (worker: WorkerLife | undefined) => void
}

/** Sees to it that one worker of the pool is always there: makes it, and makes it again when it ends. */
export class WorkerKeeper {
  readonly #index: number
  readonly #options: KeeperOptions
  readonly #delay = new RestartDelay()
  readonly #begun = Promise.withResolvers<string | undefined>()
  #link: WorkerLink | undefined = undefined
  /** When lives ended, in the last hour. */
  #ends: readonly number[] = []

  constructor(index: number, options: KeeperOptions) {
    this.#index = index
    this.#options = options
  }

  /** Resolves when the first life can serve, with undefined, or has failed, with the reason. */
  get begun(): Promise<string | undefined> {
    return this.#begun.promise
  }

  /** Ends the present life at once. */
  kill(): void {
    this.#link?.kill()
  }

  /** Runs until `closing` is aborted and the last life has ended. */
  async run(): Promise<void> {
    const { clock, closing, log } = this.#options
    while (!closing.aborted) {
      const born = clock.now()
      const { pid, reason } = await this.#live()
      if (closing.aborted) return
      const now = clock.now()
      this.#ends = [...this.#ends.filter((end) => now - end < hour), now]
      const restartMs = this.#delay.next(now - born)
      log.error(
        {
          worker: this.#index,
          pid,
          reason,
          livedMs: Math.round(now - born),
          restartMs,
          endedLastHour: this.#ends.length,
        },
        'worker ended',
      )
      if (restartMs > 0) await this.#pause(restartMs)
    }
  }

  /** Ends early when the pool closes. */
  async #pause(milliseconds: number): Promise<void> {
    const { clock, closing } = this.#options
    const over = Promise.withResolvers<void>()
    const end = () => over.resolve()
    const cancel = clock.after(milliseconds, end)
    closing.addEventListener('abort', end)
    await over.promise
    closing.removeEventListener('abort', end)
    cancel()
  }

  /** One life from beginning to end. */
  async #live(): Promise<{ readonly pid: number | undefined; readonly reason: string }> {
    const { onEnded, onState } = this.#options
    let worker: WorkerLife | undefined
    const link = this.#fork((problems) => {
      if (worker === undefined) return
      worker.problems = problems
      onState()
    })
    if (typeof link === 'string') {
      this.#begun.resolve(link)
      onEnded(undefined)
      return { pid: undefined, reason: link }
    }
    this.#link = link
    worker = await this.#begin(link)
    const reason = await link.ended
    this.#begun.resolve(reason)
    onEnded(worker)
    return { pid: link.pid, reason }
  }

  /** @returns why there is none, when the system makes no process at the moment */
  #fork(onState: (problems: readonly Problem[]) => void): WorkerLink | string {
    try {
      return this.#options.fork(this.#index, onState)
    } catch (thrown) {
      return messageOf(thrown)
    }
  }

  /** @returns undefined when it ended before it could serve */
  async #begin(link: WorkerLink): Promise<WorkerLife | undefined> {
    const { clock, closing, log, settings, onUp } = this.#options
    const facts = { worker: this.#index, pid: link.pid }
    try {
      const up = Promise.race([link.up, link.ended.then(gone)])
      const ready = up.then(() => link.ask('init', settings(this.#index)))
      if ((await within(clock, ready, startLimit)) === late) throw new Error('it does not answer')
    } catch (thrown) {
      if (!(thrown instanceof WorkerGone)) {
        log.error({ ...facts, err: thrown }, 'worker could not begin')
        this.#begun.resolve(messageOf(thrown)) // says more than that it was killed for it
      }
      link.kill()
      return undefined
    }
    if (closing.aborted) {
      link.kill()
      return undefined
    }
    log.info(facts, 'worker started')
    const worker = new WorkerLife(this.#index, link, clock, log)
    this.#begun.resolve(undefined)
    onUp(worker)
    return worker
  }
}

function gone(): never {
  throw new WorkerGone()
}
