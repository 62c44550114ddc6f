import { createLogger, type Logger, setLogLevel } from '@vrata/service'
import { DocumentMemory, verifyDocumentInSlices } from '@vrata/snapshot'
import { collectDefaultMetrics, Registry } from 'prom-client'
import type { Candidate } from '../activation.ts'
import type { EndpointReport } from '../admin/endpoint-report.ts'
import { runningConfig } from '../admin/running-config.ts'
import { nextTurn } from '../next-turn.ts'
import { Serving } from '../serving.ts'
import type { LogLevel } from '../traffic.ts'
import type { MetricList } from './merge-metrics.ts'
import type { Committed, Verdict, WorkerOrders, WorkerSettings } from './protocol.ts'
import { tellState } from './serve-orders.ts'

/** Serves traffic as its parent process says. Disposed when the parent is there no more: what is under way ends. */
export class Worker implements WorkerOrders, AsyncDisposable {
  readonly #process = new Registry()
  readonly #memory = new DocumentMemory()
  #log: Logger | undefined = undefined
  #serving: Serving | undefined = undefined
  #candidate: Candidate | undefined = undefined
  #drained: Promise<void> | undefined = undefined

  constructor() {
    collectDefaultMetrics({ register: this.#process })
  }

  async init({ index, log: config, serving: settings }: WorkerSettings): Promise<void> {
    const log = createLogger(config)
    this.#log = log
    const serving = new Serving(settings, {
      log: log.child({ worker: index }),
      shared: true,
      onChange: () => tellState(serving.state.problems),
      onApplied: () => undefined, // the parent counts, once for all workers
    })
    this.#serving = serving
    await serving.open()
  }

  async prepare(text: string): Promise<Verdict> {
    const verified = await verifyDocumentInSlices(text, this.#memory, { pause: nextTurn })
    if (!verified.ok) throw new Error(verified.message)
    const candidate = await this.#served.activation.prepare(verified.document)
    if (candidate.kind === 'refused') return candidate
    this.#candidate = candidate
    return { kind: 'ready' }
  }

  async commit(): Promise<Committed> {
    const { activation } = this.#served
    await activation.commit(this.#take())
    return { problems: activation.state.problems, counts: activation.counts }
  }

  async discard(): Promise<void> {
    this.#served.activation.discard(this.#take())
  }

  async config(): Promise<unknown> {
    const { gateway } = this.#served.activation
    return gateway === undefined ? undefined : runningConfig(gateway.snapshot)
  }

  endpoints(): Promise<readonly EndpointReport[]> {
    return this.#served.endpoints()
  }

  async metrics(): Promise<MetricList> {
    return Registry.merge([this.#process, this.#served.metrics]).getMetricsAsJSON()
  }

  async logLevel(level: LogLevel): Promise<void> {
    if (this.#log !== undefined) setLogLevel(this.#log, level)
  }

  async ticketSecret(secret: Uint8Array): Promise<void> {
    this.#served.useTicketSecret(secret)
  }

  async ping(): Promise<{ readonly connections: number }> {
    return { connections: this.#served.connections }
  }

  drain(): Promise<void> {
    this.#drained ??= this.#serving?.[Symbol.asyncDispose]() ?? Promise.resolve()
    return this.#drained
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#drained === undefined) this.#log?.warn('the parent process is gone: draining')
    await this.drain()
  }

  get #served(): Serving {
    if (this.#serving === undefined) throw new Error('an order came before the settings')
    return this.#serving
  }

  #take(): Candidate {
    const candidate = this.#candidate
    if (candidate === undefined) throw new Error('no snapshot was prepared')
    this.#candidate = undefined
    return candidate
  }
}
