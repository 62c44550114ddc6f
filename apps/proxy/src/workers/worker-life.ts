import type { Problem } from '@vrata/model'
import type { Logger } from '@vrata/service'
import type { Clock } from '../clock.ts'
import type { SnapshotCounts } from '../outcome.ts'
import { late, within } from '../within.ts'
import { type OrderAnswer, type OrderArgs, WorkerGone, type WorkerLink } from './link.ts'
import type { MetricList } from './merge-metrics.ts'
import type { OrderName, Verdict } from './protocol.ts'

/** Milliseconds between two questions whether the worker still turns. */
const pingInterval = 5_000

/** So many of them in a row may stay without an answer; then it is stuck, and killed. */
const unansweredPings = 6

/** The longest that people who look at the admin endpoints wait for one worker, in milliseconds. */
const lookLimit = 3_000

/** One life of one worker process, from the moment in which it can serve. */
export class WorkerLife {
  readonly index: number
  readonly link: WorkerLink
  /** Hash of the snapshot that it serves. */
  hash: string | undefined = undefined
  /** Listeners that it could not bind. */
  problems: readonly Problem[] = []
  /** Open connections, as of its last sign of life. */
  connections = 0
  /** What it counted, as of the last time it was asked. */
  metrics: MetricList = []
  readonly #clock: Clock
  readonly #log: Logger
  #unanswered = 0
  #cancelPing: () => void = () => undefined

  /** @param log hears why it had to be killed */
  constructor(index: number, link: WorkerLink, clock: Clock, log: Logger) {
    this.index = index
    this.link = link
    this.#clock = clock
    this.#log = log
    this.#schedulePing()
    void link.ended.then(() => this.#cancelPing())
  }

  /** Asks what it thinks of a snapshot; `gone` when it ended over that. */
  async prepare(text: string): Promise<Verdict | { readonly kind: 'gone' }> {
    try {
      return await this.link.ask('prepare', text)
    } catch (thrown) {
      this.#giveUp(thrown)
      return { kind: 'gone' }
    }
  }

  /** Lets it serve what it prepared; undefined when it ended over that. */
  async commit(hash: string): Promise<SnapshotCounts | undefined> {
    try {
      const { problems, counts } = await this.link.ask('commit')
      this.problems = problems
      this.hash = hash
      return counts
    } catch (thrown) {
      this.#giveUp(thrown)
      return undefined
    }
  }

  async discard(): Promise<void> {
    await this.link.ask('discard').catch((thrown: unknown) => this.#giveUp(thrown))
  }

  /** For those who look: undefined when it has no answer, or none in time. */
  async look<K extends OrderName>(order: K, ...args: OrderArgs<K>): Promise<OrderAnswer<K> | undefined> {
    const answer = await within(this.#clock, this.link.ask(order, ...args), lookLimit).catch(() => undefined)
    return answer === late ? undefined : answer
  }

  /** What it counted: up to now, or, if it does not say in time, up to the last time it said. */
  async lookAtMetrics(): Promise<MetricList> {
    this.metrics = (await this.look('metrics')) ?? this.metrics
    return this.metrics
  }

  /** Lets all connections end, then the process. */
  async drain(): Promise<void> {
    await this.link.ask('drain').catch((thrown: unknown) => this.#giveUp(thrown))
    this.link.release()
    await this.link.ended
  }

  /** What failed half-way has left the worker in a state that nobody knows. */
  #giveUp(thrown: unknown): void {
    if (thrown instanceof WorkerGone) return
    this.#log.error({ worker: this.index, pid: this.link.pid, err: thrown }, 'worker failed: killed')
    this.link.kill()
  }

  #schedulePing(): void {
    this.#cancelPing = this.#clock.after(pingInterval, () => this.#ping())
  }

  #ping(): void {
    if (this.#unanswered >= unansweredPings) {
      this.#log.error({ worker: this.index, pid: this.link.pid }, 'worker is stuck: killed')
      this.link.kill()
      return
    }
    this.#unanswered++
    this.#schedulePing()
    this.link.ask('ping').then(
      ({ connections }) => {
        this.#unanswered = 0
        this.connections = connections
      },
      () => undefined, // it has ended, which is heard elsewhere
    )
  }
}
