import type { Problem } from '@vrata/model'
import { type Fork, type OrderAnswer, type OrderArgs, WorkerGone, type WorkerLink } from '../workers/link.ts'
import type { Committed, OrderName, WorkerOrders } from '../workers/protocol.ts'

/** What a worker does instead of what all do. */
export type Behaviour = Partial<WorkerOrders>

/** A worker without a process: it says yes to everything, unless the test has it behave otherwise. */
export class FakeWorker implements WorkerLink {
  readonly index: number
  readonly pid: number
  readonly up = Promise.resolve()
  readonly ended: Promise<string>
  /** Orders in the order in which they came. */
  readonly orders: OrderName[] = []
  /** What it does otherwise from now on. */
  behaviour: Behaviour
  /** Hash of the snapshot that it serves. */
  serves: string | undefined = undefined
  alive = true
  /** Listeners that it cannot bind. */
  problems: readonly Problem[] = []
  readonly #end: (reason: string) => void
  readonly #waiting = new Set<(thrown: Error) => void>()
  readonly #onState: (problems: readonly Problem[]) => void
  #prepared: string | undefined = undefined

  constructor(index: number, pid: number, behaviour: Behaviour, onState: (problems: readonly Problem[]) => void) {
    const ended = Promise.withResolvers<string>()
    this.index = index
    this.pid = pid
    this.behaviour = behaviour
    this.ended = ended.promise
    this.#end = ended.resolve
    this.#onState = onState
  }

  ask<K extends OrderName>(order: K, ...args: OrderArgs<K>): Promise<OrderAnswer<K>> {
    this.orders.push(order)
    if (!this.alive) return Promise.reject(new WorkerGone())
    const { promise, resolve, reject } = Promise.withResolvers<OrderAnswer<K>>()
    this.#waiting.add(reject)
    const method: (...args: never[]) => Promise<unknown> = this.behaviour[order] ?? this.#orders[order]
    Reflect.apply(method, undefined, args).then(resolve, reject)
    return promise
  }

  /** It ends, by itself. */
  die(reason = 'SIGKILL'): void {
    this.alive = false
    this.serves = undefined
    this.#end(reason)
    for (const reject of this.#waiting) reject(new WorkerGone())
  }

  kill(): void {
    this.die('killed by the parent')
  }

  release(): void {
    this.die('exit code 0')
  }

  /** What it could bind has changed. */
  tell(problems: readonly Problem[]): void {
    this.problems = problems
    this.#onState(problems)
  }

  readonly #orders: WorkerOrders = {
    init: async () => undefined,
    prepare: async (text) => {
      this.#prepared = JSON.parse(text).hash
      return { kind: 'ready' }
    },
    commit: async () => {
      if (this.#prepared === undefined) throw new Error('nothing was prepared')
      this.serves = this.#prepared
      this.#prepared = undefined
      return this.committed()
    },
    discard: async () => {
      if (this.#prepared === undefined) throw new Error('nothing was prepared')
      this.#prepared = undefined
    },
    config: async () => ({ listeners: [] }),
    endpoints: async () => [{ destination: 'd', endpoints: [{ address: 'a:1', inFlight: 1 }] }],
    metrics: async () => [],
    logLevel: async () => undefined,
    ticketSecret: async () => undefined,
    ping: async () => ({ connections: 10 * this.index }),
    drain: async () => undefined,
  }

  /** The answer to `commit`. */
  committed(): Committed {
    return { problems: this.problems, counts: { listeners: 1, routes: 2, destinations: 3, middlewares: 4 } }
  }
}

/** Workers that a pool has made, and how the next ones will behave. */
export interface FakeWorkers {
  readonly fork: Fork
  /** All lives of all workers, oldest first. */
  readonly all: readonly FakeWorker[]
  /** The present life of a worker, counted from 1. */
  worker(index: number): FakeWorker
  /** Decides how each life behaves that begins from now on. */
  behave(how: (index: number, life: number) => Behaviour): void
}

/** Stands for the processes of a pool. */
export function fakeWorkers(): FakeWorkers {
  const all: FakeWorker[] = []
  let behaviour: (index: number, life: number) => Behaviour = () => ({})
  return {
    all,
    fork(index, onState) {
      const life = all.filter((one) => one.index === index).length + 1
      const worker = new FakeWorker(index, 1000 + all.length, behaviour(index, life), onState)
      all.push(worker)
      return worker
    },
    worker(index) {
      const found = all.findLast((one) => one.index === index)
      if (found === undefined) throw new Error(`there is no worker ${index}`)
      return found
    },
    behave(how) {
      behaviour = how
    },
  }
}
