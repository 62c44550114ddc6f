import type { Problem, SnapshotDocument } from '@vrata/model'
import type { Logger } from '@vrata/service'
import { type CompiledSnapshot, CompileMemory, compileSnapshotInSlices, inSlices } from '@vrata/snapshot'
import type { MakeEngine } from './listeners/engine.ts'
import { Listeners, type WantedListener } from './listeners/listeners.ts'
import type { TicketSecret } from './listeners/tls/ticket-secret.ts'
import { wantedListener } from './listeners/wanted-listener.ts'
import { nextTurn } from './next-turn.ts'
import { type Applied, logApplied, logRefused, refusal, type SnapshotCounts, stateOf } from './outcome.ts'
import { bindings, Gateway, type GatewaySettings, type SnapshotIdentity } from './pipeline/gateway.ts'
import { Keep } from './pipeline/keep.ts'
import { handOver } from './pipeline/streams.ts'

export type { Applied } from './outcome.ts'

/** A snapshot that is ready to run beside the one that runs. It takes part in nothing until it is committed. */
export type Candidate =
  | { readonly kind: 'new'; readonly gateway: Gateway; readonly listeners: readonly WantedListener[] }
  /** What it holds runs already; only the identity is another one. */
  | { readonly kind: 'same'; readonly identity: SnapshotIdentity }

/** A snapshot that cannot run. */
export interface Refusal {
  readonly kind: 'refused'
  readonly problems: readonly Problem[]
}

export interface ActivationOptions {
  readonly gateway: GatewaySettings
  readonly engine: MakeEngine
  readonly tickets: TicketSecret
  readonly log: Logger
  /** How long an exchange may go on whose route or destination is gone, in milliseconds. */
  readonly streamDrain: number
  /** Called when a listener of the running snapshot could be bound at last. */
  readonly onChange: () => void
  /** Hears how each attempt ended and how long it took; for metrics. */
  readonly onApplied: (applied: Applied) => void
}

/** Runs one snapshot at a time and replaces it without a request noticing. */
export class Activation implements AsyncDisposable {
  readonly #options: ActivationOptions
  readonly #keep = new Keep()
  readonly #memory = new CompileMemory()
  readonly #listeners: Listeners
  #gateway: Gateway | undefined = undefined

  constructor(options: ActivationOptions) {
    this.#options = options
    this.#listeners = new Listeners(options.engine, options.log, options.onChange)
  }

  /** The gateway that takes new requests; undefined before the first snapshot. */
  get gateway(): Gateway | undefined {
    return this.#gateway
  }

  get listeners(): Listeners {
    return this.#listeners
  }

  /** What is wrong with what runs: listeners that are not bound. */
  get state(): Pick<Applied, 'result' | 'problems'> {
    return stateOf(this.#listeners.problems)
  }

  /** How much the running snapshot holds. */
  get counts(): SnapshotCounts {
    const snapshot = this.#gateway?.snapshot
    return {
      listeners: snapshot?.listeners.size ?? 0,
      routes: snapshot?.table.entries.length ?? 0,
      destinations: snapshot?.destinations.size ?? 0,
      middlewares: snapshot?.middlewares.size ?? 0,
    }
  }

  /**
   * Compiles a snapshot beside the running one, opens its new sockets, swaps, and lets the old go. Not to be called
   * again before it has resolved. The same hash as the running one changes nothing but the identity.
   */
  async apply(document: SnapshotDocument): Promise<Applied> {
    const { log, onApplied } = this.#options
    const begun = performance.now()
    const identity = identityOf(document)
    const candidate = await this.prepare(document)
    if (candidate.kind === 'refused') {
      const refused = refusal(candidate.problems, performance.now() - begun)
      logRefused(log, identity, refused)
      onApplied(refused)
      return refused
    }
    await this.commit(candidate)
    if (candidate.kind === 'same') return { ...this.state, applyMs: 0 }
    const applied = { ...this.state, applyMs: performance.now() - begun }
    logApplied(log, identity, applied, this.counts)
    onApplied(applied)
    return applied
  }

  /** The first half of `apply`: nothing that serves is touched. What it gives has to be committed or discarded. */
  async prepare(document: SnapshotDocument): Promise<Candidate | Refusal> {
    const identity = identityOf(document)
    if (this.#gateway?.identity.hash === identity.hash) return { kind: 'same', identity }
    const { compiled, problems } = await compileSnapshotInSlices(document.snapshot, {
      pause: nextTurn,
      warnings: false,
      memory: this.#memory,
    })
    return compiled === undefined ? { kind: 'refused', problems } : await this.#build(identity, compiled)
  }

  /** The second half: opens new sockets and swaps. What could not be bound is told by `state`. */
  async commit(candidate: Candidate): Promise<void> {
    if (candidate.kind === 'new') await this.#swap(candidate.gateway, candidate.listeners)
    else if (this.#gateway !== undefined) this.#gateway.identity = candidate.identity
  }

  /** Gives up what was prepared; it never served. */
  discard(candidate: Candidate): void {
    if (candidate.kind === 'same') return
    candidate.gateway.retire()
    this.#keepLimits()
  }

  /** What was built beside the running gateway has set its own limits on the connections that both of them use. */
  #keepLimits(): void {
    for (const destination of this.#gateway?.destinations.values() ?? []) destination.takeOver()
  }

  /** Binds a compiled snapshot to connections; gives back what it took when that fails. */
  async #build(identity: SnapshotIdentity, compiled: CompiledSnapshot): Promise<Candidate | Refusal> {
    const { gateway: settings, tickets } = this.#options
    const lease = this.#keep.lease()
    try {
      const bound = await inSlices(bindings(compiled, lease, settings), { pause: nextTurn })
      const gateway = new Gateway(identity, compiled, bound, lease, settings)
      const listeners = [...compiled.listeners.values()].map((one) => wantedListener(one, gateway, lease, tickets))
      return { kind: 'new', gateway, listeners }
    } catch (thrown) {
      lease[Symbol.dispose]()
      this.#keepLimits()
      this.#options.log.error({ err: thrown, snapshotId: identity.id }, 'a snapshot that compiles could not be built')
      const message = `the proxy could not build the snapshot: ${thrown instanceof Error ? thrown.message : 'unknown'}`
      const entity = { kind: 'snapshot', id: identity.id } as const
      return { kind: 'refused', problems: [{ entity, pointer: '', message, severity: 'error' }] }
    }
  }

  async #swap(next: Gateway, listeners: readonly WantedListener[]): Promise<void> {
    const old = this.#gateway
    await this.#listeners.change(listeners, old, () => {
      this.#gateway = next
      if (old === undefined) return
      handOver(old, next, this.#options.streamDrain)
      old.retire()
    })
  }

  /** Drains all listeners, then lets go of all connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listeners[Symbol.asyncDispose]()
    this.#gateway?.retire()
  }
}

/** What a document says about itself. */
export function identityOf({ id, name, hash, seq }: SnapshotDocument): SnapshotIdentity {
  return { id, name, hash, seq: seq ?? 0 }
}
