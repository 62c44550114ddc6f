import { metricPrefix, type SnapshotDocument } from '@vrata/model'
import { type LogConfig, type Logger, setLogLevel } from '@vrata/service'
import { Counter, Registry } from 'prom-client'
import { identityOf, type Refusal } from '../activation.ts'
import type { EndpointReport } from '../admin/endpoint-report.ts'
import { type Clock, systemClock } from '../clock.ts'
import { TicketRotation } from '../listeners/tls/ticket-secret.ts'
import { type Applied, logApplied, logRefused, refusal, type SnapshotCounts, stateOf } from '../outcome.ts'
import type { SnapshotIdentity } from '../pipeline/gateway.ts'
import type { ServingSettings } from '../serving.ts'
import { gauge } from '../telemetry/gauge.ts'
import { type LogLevel, logLevel, type Scrape, type Traffic, type WorkerCount } from '../traffic.ts'
import { Crew } from './crew.ts'
import { elect, workerProblem } from './election.ts'
import type { Fork } from './link.ts'
import { mergeEndpoints } from './merge-endpoints.ts'
import { addDeparted, type MetricList, mergeMetrics } from './merge-metrics.ts'
import { mergeProblems } from './merge-problems.ts'
import { WorkerKeeper } from './worker-keeper.ts'
import type { WorkerLife } from './worker-life.ts'

/** What a pool of workers is made of. */
export interface PoolOptions {
  /** How many workers, at least 1. */
  readonly count: number
  readonly fork: Fork
  readonly settings: ServingSettings
  /** Format and first level of the workers' logs. */
  readonly logConfig: LogConfig
  readonly log: Logger
  /** Aborted when the program has been asked to end. */
  readonly stop: AbortSignal
  /** See `ActivationOptions`. */
  readonly onChange: () => void
  readonly onApplied: (applied: Applied) => void
  readonly clock?: Clock
}

interface Running {
  readonly identity: SnapshotIdentity
  /** For workers that come later. */
  readonly text: string
  readonly counts: SnapshotCounts
}

/**
 * Serves by several worker processes, each of which listens on the same ports. All of them run the same snapshot: it
 * is committed only when every one has prepared it. One that ends is replaced while the others serve on.
 */
export class WorkerPool implements Traffic {
  readonly #options: PoolOptions
  readonly #crew: Crew
  readonly #keepers: readonly WorkerKeeper[]
  readonly #closing = new AbortController()
  readonly #metrics = new Registry()
  readonly #restarts: Counter
  readonly #tickets: TicketRotation
  #runs: readonly Promise<void>[] = []
  #running: Running | undefined = undefined
  /** What is about snapshots is done one after the other. */
  #queue: Promise<unknown> = Promise.resolve()
  /** What workers have counted that are gone. */
  #departed: Promise<MetricList> = Promise.resolve([])
  /** The problems that the control plane knows of. */
  #told = ''

  constructor(options: PoolOptions) {
    const { count, fork, settings, logConfig, log, clock = systemClock } = options
    this.#options = options
    this.#crew = new Crew(clock)
    const keeper = {
      fork,
      log,
      clock,
      closing: this.#closing.signal,
      settings: (index: number) => ({
        index,
        log: { ...logConfig, level: logLevel(log.level) ?? logConfig.level },
        serving: settings,
      }),
      onUp: (worker: WorkerLife) => this.#onUp(worker),
      onState: () => this.#tellChange(),
      onEnded: (worker: WorkerLife | undefined) => this.#onEnded(worker),
    }
    this.#keepers = Array.from({ length: count }, (_, index) => new WorkerKeeper(index + 1, keeper))
    gauge(this.#metrics, 'workers', 'Worker processes that serve traffic.', () => this.workers.serving)
    this.#restarts = new Counter({
      name: `${metricPrefix}worker_restarts_total`,
      help: 'Worker processes that ended without being told to, and were replaced.',
      registers: [this.#metrics],
    })
    this.#tickets = new TicketRotation(clock, (secret) => {
      for (const worker of this.#crew) void worker.look('ticketSecret', secret)
    })
    process.on('exit', this.#onExit)
  }

  get identity(): SnapshotIdentity | undefined {
    return this.#running?.identity
  }

  get state(): Pick<Applied, 'result' | 'problems'> {
    return stateOf(mergeProblems([...this.#crew].map(({ problems }) => problems)))
  }

  get connections(): number {
    return [...this.#crew].reduce((sum, { connections }) => sum + connections, 0)
  }

  get workers(): WorkerCount {
    return { wanted: this.#keepers.length, serving: this.#serving.length }
  }

  get #serving(): readonly WorkerLife[] {
    return [...this.#crew].filter(({ hash }) => hash !== undefined)
  }

  /** Starts the workers and waits for all of them; one that cannot be started is tried again and not waited for. */
  async open(): Promise<void> {
    this.#runs = this.#keepers.map((keeper) => keeper.run())
    const failures = await Promise.all(this.#keepers.map(({ begun }) => begun))
    if (failures.includes(undefined)) return
    throw new Error(`no worker process could be started: ${failures[0]}`)
  }

  apply(document: SnapshotDocument): Promise<Applied> {
    return this.#exclusively(() => this.#apply(document))
  }

  async #apply(document: SnapshotDocument): Promise<Applied> {
    const { log, onApplied } = this.#options
    const begun = performance.now()
    const identity = identityOf(document)
    if (this.#running?.identity.hash === identity.hash) {
      this.#running = { ...this.#running, identity }
      return { ...this.state, applyMs: 0 }
    }
    const outcome = await this.#replace(identity, JSON.stringify(document))
    const applyMs = performance.now() - begun
    if ('kind' in outcome) {
      const refused = refusal(outcome.problems, applyMs)
      logRefused(log, identity, refused)
      onApplied(refused)
      return refused
    }
    const { state } = this
    const applied = { ...state, applyMs }
    this.#told = JSON.stringify(state.problems)
    logApplied(log, identity, applied, outcome)
    onApplied(applied)
    return applied
  }

  /** Prepares a snapshot in all workers and, if all of them can run it, lets them. */
  async #replace(identity: SnapshotIdentity, text: string): Promise<SnapshotCounts | Refusal> {
    const elected = await elect(this.#crew, text, identity.id)
    if (elected.kind === 'refused') return elected
    const committed = await Promise.all(elected.voters.map((worker) => worker.commit(identity.hash)))
    const counts = committed.find((one) => one !== undefined)
    if (counts === undefined) {
      // Those that replace them get what ran before.
      const message = 'all worker processes ended while they took the snapshot over'
      return { kind: 'refused', problems: [workerProblem(identity.id, message)] }
    }
    this.#running = { identity, text, counts }
    return counts
  }

  #onUp(worker: WorkerLife): void {
    this.#crew.add(worker)
    void worker.look('ticketSecret', this.#tickets.current) // it hears this before it is asked to serve anything
    void this.#exclusively(() => this.#catchUp(worker))
  }

  /** Gives a new worker what the others run. */
  async #catchUp(worker: WorkerLife): Promise<void> {
    const { log } = this.#options
    const running = this.#running
    if (running === undefined || worker.hash === running.identity.hash) return
    const { id, hash } = running.identity
    const facts = { worker: worker.index, pid: worker.link.pid, snapshotId: id, hash }
    const verdict = await worker.prepare(running.text)
    if (verdict.kind === 'refused') {
      log.error({ ...facts, first: verdict.problems[0]?.message }, 'worker refuses what the others run')
      worker.link.kill()
    } else if (verdict.kind === 'ready' && (await worker.commit(hash)) !== undefined) {
      log.info(facts, 'worker serves')
      this.#tellChange()
    }
  }

  #onEnded(worker: WorkerLife | undefined): void {
    if (!this.#closing.signal.aborted) this.#restarts.inc()
    if (worker === undefined) return
    this.#crew.delete(worker)
    this.#departed = this.#departed.then((before) => addDeparted(before, worker.metrics))
    this.#tellChange()
  }

  /** The control plane hears of it when what is wrong has changed without a new snapshot. */
  #tellChange(): void {
    const now = JSON.stringify(this.state.problems)
    if (now === this.#told || this.#running === undefined || this.#serving.length === 0) return
    this.#told = now
    this.#options.onChange()
  }

  #exclusively<T>(run: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(run)
    this.#queue = done.catch(() => undefined) // whoever asked hears of it; the next in line goes on
    return done
  }

  async scrape(own: Registry): Promise<Scrape> {
    const departed = this.#departed
    const counted = [...this.#crew].map((worker) => worker.lookAtMetrics())
    const mine = [await own.getMetricsAsJSON(), await this.#metrics.getMetricsAsJSON()]
    return mergeMetrics(mine, [...(await Promise.all(counted)), await departed])
  }

  async config(full: boolean): Promise<unknown> {
    if (this.#running === undefined) return { snapshot: null }
    const { identity, counts } = this.#running
    const summary = { snapshot: identity, counts }
    if (!full) return summary
    const worker = this.#serving.find(({ hash }) => hash === identity.hash)
    const config = (await worker?.look('config')) ?? null
    return { ...summary, config }
  }

  async endpoints(): Promise<readonly EndpointReport[]> {
    const reports = await Promise.all(this.#serving.map((worker) => worker.look('endpoints')))
    return mergeEndpoints(reports.filter((report) => report !== undefined))
  }

  setLogLevel(level: LogLevel): void {
    setLogLevel(this.#options.log, level)
    for (const worker of this.#crew) void worker.look('logLevel', level)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    this.#tickets[Symbol.dispose]()
    await this.#queue
    const drained = [...this.#crew].map((worker) => worker.drain())
    const up = new Set([...this.#crew].map(({ index }) => index))
    for (const [at, keeper] of this.#keepers.entries()) if (!up.has(at + 1)) keeper.kill()
    await Promise.all([...drained, ...this.#runs])
    process.off('exit', this.#onExit)
  }

  /**
   * Whoever asks a second time does not want to wait for connections: then it is over for all. A process that ends
   * without having been asked has crashed, and the workers let their connections end before they follow.
   */
  readonly #onExit = () => {
    if (this.#options.stop.aborted) for (const keeper of this.#keepers) keeper.kill()
  }
}
