import { isIPv6 } from 'node:net'
import type { Listener, Problem } from '@vrata/model'
import type { Logger } from '@vrata/service'
import { codeOf } from '../failure/to-failure.ts'
import type { Engine, EngineCounts, Front, MakeEngine } from './engine.ts'
import type { PathAction } from './guard.ts'

/** Something that must not be let go of while a socket leads to it. */
export interface Holdable {
  /** @returns the release */
  hold(): () => void
}

/** What shall stand behind a socket. */
export interface WantedListener {
  readonly listener: Listener
  readonly front: Front
}

/** What a listener that is bound has to say about itself. */
export interface ListenerReport {
  readonly name: string
  /** Address and port. */
  readonly address: string
  readonly counts: EngineCounts
}

/** A socket of ours, or the wish for one that could not be bound yet. */
interface Place {
  readonly engine: Engine
  wanted: WantedListener
  /** Why it is not bound: the errno name; undefined once it is. */
  error: string | undefined
  retry: NodeJS.Timeout | undefined
  binding: Promise<boolean> | undefined
  delay: number
}

/** First and longest pause before a failed bind is tried again, in milliseconds. */
const firstRetry = 1_000
const longestRetry = 30_000

/**
 * All listening sockets of the process. A change opens what is new, swaps what stands behind the sockets that stay, and
 * lets the others drain. A socket is known by its address and port alone: two listeners may exchange their ports
 * without any socket being closed.
 */
export class Listeners implements AsyncDisposable {
  readonly #make: MakeEngine
  readonly #log: Logger
  readonly #onChange: () => void
  readonly #places = new Map<string, Place>()
  readonly #draining = new Set<Promise<void>>()
  readonly #engines = new Set<Engine>()
  /** What sockets have counted that are closed: a sum over all must not fall because one goes. */
  readonly #closedPaths: Record<PathAction, number> = { changed: 0, refused: 0, would_change: 0, would_refuse: 0 }
  #closed = false

  /** @param onChange called when a socket that could not be bound before is bound */
  constructor(make: MakeEngine, log: Logger, onChange: () => void) {
    this.#make = make
    this.#log = log
    this.#onChange = onChange
  }

  /** Listeners that are not bound, as problems of their entities. */
  get problems(): readonly Problem[] {
    return [...this.#places.values()].flatMap(({ wanted, error }) =>
      error === undefined ? [] : [bindProblem(wanted.listener, error)],
    )
  }

  get connections(): number {
    return [...this.#engines].reduce((sum, engine) => sum + engine.connections, 0)
  }

  /** The listeners that are bound. */
  get reports(): readonly ListenerReport[] {
    const bound = [...this.#places.values()].filter(({ error }) => error === undefined)
    return bound.map(({ engine, wanted: { listener } }) => ({
      name: listener.name,
      address: `${isIPv6(listener.address) ? `[${listener.address}]` : listener.address}:${listener.port}`,
      counts: engine.counts,
    }))
  }

  /** Paths so far that were not canonical, on all listeners there have ever been. */
  get paths(): Readonly<Record<PathAction, number>> {
    const sum = { ...this.#closedPaths }
    for (const { counts } of this.#engines) addPaths(sum, counts)
    return sum
  }

  get tunnels(): number {
    return [...this.#engines].reduce((sum, engine) => sum + engine.tunnels, 0)
  }

  /**
   * Opens what is missing, replaces the fronts of what stays by `wanted`, then closes what is no longer wanted.
   * `between` runs in the same turn of the event loop in which the fronts change: no request sees half of a change.
   * Not to be called again before it has resolved.
   *
   * @param leaving what the sockets that close have led to until now
   */
  async change(wanted: readonly WantedListener[], leaving: Holdable | undefined, between: () => void): Promise<void> {
    const next = new Map(wanted.map((one) => [keyOf(one.listener), one]))
    const blocked: Place[] = []
    for (const [key, one] of next) {
      const place = this.#places.get(key) ?? this.#newPlace(key, one)
      if (place.error === undefined) continue
      place.wanted = one
      place.engine.use(one.front)
      const mayBeBlocked = this.#blockedByOwn(place, next)
      if (!(await this.#bind(place, mayBeBlocked)) && mayBeBlocked) blocked.push(place)
    }
    const closing = [...this.#places].filter(([key]) => !next.has(key))
    const releases = closing.map(() => leaving?.hold())
    for (const [key, one] of next) this.#replaceFront(this.#places.get(key), one)
    between()
    for (const [index, [key, place]] of closing.entries()) this.#remove(key, place, releases[index])
    for (const place of blocked) await this.#bind(place)
    for (const place of this.#places.values()) this.#scheduleRetry(place)
  }

  #newPlace(key: string, wanted: WantedListener): Place {
    const { address, port } = wanted.listener
    const engine = this.#make(address, port, wanted.front)
    const place = { engine, wanted, error: 'not bound', retry: undefined, binding: undefined, delay: firstRetry }
    this.#places.set(key, place)
    return place
  }

  #replaceFront(place: Place | undefined, wanted: WantedListener): void {
    if (place === undefined) return
    const before = place.wanted.listener
    place.wanted = wanted
    place.engine.use(wanted.front)
    if (JSON.stringify(before) !== JSON.stringify(wanted.listener)) {
      this.#log.info(facts(wanted.listener), 'listener changed')
    }
  }

  /** @param again whether there is another attempt in a moment, so that this one need not be told when it fails */
  #bind(place: Place, again = false): Promise<boolean> {
    place.binding ??= this.#bindNow(place, again).finally(() => {
      place.binding = undefined
    })
    return place.binding
  }

  async #bindNow(place: Place, again: boolean): Promise<boolean> {
    clearTimeout(place.retry)
    place.retry = undefined
    try {
      await place.engine.listen()
    } catch (thrown) {
      if (again) return false
      const error = codeOf(thrown) || 'unknown error'
      if (place.error !== error) this.#log.error({ ...facts(place.wanted.listener), error }, 'listener failed')
      place.error = error
      return false
    }
    place.error = undefined
    place.delay = firstRetry
    this.#engines.add(place.engine)
    this.#log.info(facts(place.wanted.listener), 'listener opened')
    // It may have gone out of use while it was being bound.
    if (this.#places.get(keyOf(place.wanted.listener)) !== place) this.#drain(place, undefined)
    return true
  }

  /** One of our own sockets, about to close, may be what stands in the way: a wildcard address on the same port. */
  #blockedByOwn(place: Place, next: ReadonlyMap<string, WantedListener>): boolean {
    const { port } = place.wanted.listener
    return [...this.#places].some(([key, other]) => !next.has(key) && other.wanted.listener.port === port)
  }

  #remove(key: string, place: Place, release: (() => void) | undefined): void {
    this.#places.delete(key)
    clearTimeout(place.retry)
    if (place.error === undefined) this.#drain(place, release)
    else release?.()
  }

  #drain({ engine, wanted }: Place, release: (() => void) | undefined): void {
    const { listener, front } = wanted
    this.#log.info({ ...facts(listener), connections: engine.connections }, 'listener draining')
    const drained = engine.drain(front.rules.drainTimeout).then(() => {
      this.#engines.delete(engine)
      addPaths(this.#closedPaths, engine.counts)
      this.#draining.delete(drained)
      release?.()
      this.#log.info(facts(listener), 'listener closed')
    })
    this.#draining.add(drained)
  }

  #scheduleRetry(place: Place): void {
    if (place.error === undefined || place.retry !== undefined || this.#closed) return
    place.retry = setTimeout(() => void this.#retry(place), place.delay)
    place.delay = Math.min(place.delay * 2, longestRetry)
  }

  async #retry(place: Place): Promise<void> {
    if (await this.#bind(place)) this.#onChange()
    else this.#scheduleRetry(place)
  }

  /** Drains everything, each listener within its own limit. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    for (const [key, place] of this.#places) this.#remove(key, place, undefined)
    while (this.#draining.size > 0) await Promise.all(this.#draining)
  }
}

function addPaths(sum: Record<PathAction, number>, { paths }: EngineCounts): void {
  sum.changed += paths.changed
  sum.refused += paths.refused
  sum.would_change += paths.would_change
  sum.would_refuse += paths.would_refuse
}

function keyOf({ address, port }: Listener): string {
  return `${address} ${port}`
}

/** What log lines say about a listener. */
function facts({ id, name, address, port }: Listener) {
  return { listener: id, name, address, port }
}

function bindProblem({ id, name, address, port }: Listener, error: string): Problem {
  const message =
    error === 'EADDRINUSE'
      ? `port ${port} is in use (${error})`
      : `${address} port ${port} could not be bound: ${error}`
  return { entity: { kind: 'listener', id, name }, pointer: '/port', message, severity: 'error', code: 'listener.bind' }
}
