import type { Logger } from '@vrata/service'
import type { Clock } from '../clock.ts'
import { codeOf } from '../failure/to-failure.ts'
import { late, within } from '../within.ts'
import type { EndpointSource, Endpoints } from './endpoint-source.ts'
import type { NameResolver, Resolved } from './name-resolver.ts'

/** What a name is resolved with; the same for all names of a process. */
export interface DnsPorts {
  readonly resolver: NameResolver
  readonly clock: Clock
  readonly log: Logger
  /** A number in [0, 1); spreads the questions of a fleet. */
  readonly random: () => number
}

export interface DnsOptions {
  /** A host name. */
  readonly host: string
  readonly port: number
  /** Milliseconds between two questions; undefined: as long as the answer is good. */
  readonly refresh: number | undefined
}

/** Bounds of the time between two questions, in milliseconds. */
const shortest = 1_000
const longest = 30_000

/** The time between two questions when the source of an answer does not say how long it is good. */
const usual = 5_000

/** How far a wait is spread around what it should be. */
const spread = 0.1

/** Longest wait for an answer. The system's own look-up may take far longer, and holds nothing up meanwhile. */
const patience = 5_000

/**
 * All addresses of a name, asked for again and again. What was good last stays while nobody answers, and also when the
 * name is said not to exist any more: an address that still works is better than none.
 */
export class DnsEndpoints implements EndpointSource, Disposable {
  readonly #options: DnsOptions
  readonly #ports: DnsPorts
  readonly #watchers = new Set<() => void>()
  #current: Endpoints = { state: 'pending' }
  /** Addresses of the last good answer. */
  #known: readonly string[] = []
  /** The question that has no answer yet. */
  #question: Promise<Resolved> | undefined = undefined
  /** Failures in a row. */
  #failures = 0
  #cancel: () => void = nothing
  #disposed = false

  constructor(options: DnsOptions, ports: DnsPorts) {
    this.#options = options
    this.#ports = ports
    void this.#ask()
  }

  get current(): Endpoints {
    return this.#current
  }

  watch(onChange: () => void): () => void {
    this.#watchers.add(onChange)
    return () => this.#watchers.delete(onChange)
  }

  async #ask(): Promise<void> {
    const { resolver, clock } = this.#ports
    let next: number
    try {
      // A question that hangs is not asked a second time beside the first.
      this.#question ??= resolver.resolve(this.#options.host, this.#known).finally(() => {
        this.#question = undefined
      })
      const resolved = await within(clock, this.#question, patience)
      if (this.#disposed) return
      next = resolved === late ? this.#onFailure(new Error('no answer in time')) : this.#onAnswer(resolved)
    } catch (thrown) {
      if (this.#disposed) return
      next = this.#onFailure(thrown)
    }
    this.#cancel = clock.after(this.#jittered(next), () => void this.#ask())
  }

  /** @returns milliseconds until the next question */
  #onAnswer({ addresses, ttl }: Resolved): number {
    if (this.#failures > 0) this.#ports.log.info({ host: this.#options.host }, 'name is resolved again')
    this.#failures = 0
    if (this.#current.state !== 'known' || !equal(addresses, this.#known)) {
      this.#ports.log.debug({ host: this.#options.host, addresses }, 'addresses of a name')
      this.#known = addresses
      const { host, port } = this.#options
      const hosts = isThisMachine(addresses) ? [host] : addresses
      this.#become({ state: 'known', addresses: hosts.map((one) => ({ host: one, port })) })
    }
    return this.#options.refresh ?? ttl ?? usual
  }

  /** @returns milliseconds until the next question */
  #onFailure(cause: unknown): number {
    if (this.#failures++ === 0) {
      const reason = codeOf(cause) || (cause instanceof Error ? cause.message : 'unknown')
      const kept = this.#known.length
      this.#ports.log.warn({ host: this.#options.host, reason, kept }, 'name cannot be resolved')
    }
    if (this.#current.state !== 'known') this.#become({ state: 'unknown', cause })
    return shortest * 2 ** Math.min(this.#failures - 1, 10)
  }

  #become(next: Endpoints): void {
    this.#current = next
    for (const onChange of [...this.#watchers]) onChange()
  }

  #jittered(wait: number): number {
    const bounded = Math.min(longest, Math.max(shortest, wait))
    const least = Math.max(shortest, bounded * (1 - spread))
    const most = Math.min(longest, bounded * (1 + spread))
    return least + this.#ports.random() * (most - least)
  }

  [Symbol.dispose](): void {
    this.#disposed = true
    this.#watchers.clear()
    this.#cancel()
  }
}

/**
 * Both loopback addresses are one machine, on which a server may listen at either of them: the name stays one endpoint,
 * and a connection to it tries both.
 */
function isThisMachine(addresses: readonly string[]): boolean {
  return addresses.length === 2 && addresses.includes('127.0.0.1') && addresses.includes('::1')
}

function equal(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((address, index) => address === other[index])
}

function nothing(): void {}
