import { hasErrors, type Problem, type SnapshotDocument } from '@vrata/model'
import type { Logger } from '@vrata/service'
import { type CompiledSnapshot, compileSnapshotInSlices } from '@vrata/snapshot'
import type { MakeEngine } from './listeners/engine.ts'
import { Listeners, type WantedListener } from './listeners/listeners.ts'
import { listenerRules } from './listeners/rules.ts'
import { Gateway, type GatewaySettings, type SnapshotIdentity } from './pipeline/gateway.ts'
import { Keep } from './pipeline/keep.ts'
import { handOver } from './pipeline/streams.ts'

/** How applying a snapshot ended. */
export interface Applied {
  /** `degraded`: it runs, but not every listener is bound. `error`: it does not run, the earlier one goes on. */
  readonly result: 'ok' | 'degraded' | 'error'
  readonly problems: readonly Problem[]
  /** Milliseconds from the whole document to the swap; 0 when nothing had to be done. */
  readonly applyMs: number
}

export interface ActivationOptions {
  readonly gateway: GatewaySettings
  readonly engine: MakeEngine
  readonly log: Logger
  /** How long an exchange may go on whose route or destination is gone, in milliseconds. */
  readonly streamDrain: number
  /** Called when a listener of the running snapshot could be bound at last. */
  readonly onChange: () => void
  /** Hears how each attempt ended and how long it took; for metrics. */
  readonly onApplied: (applied: Applied) => void
}

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Runs one snapshot at a time and replaces it without a request noticing. */
export class Activation implements AsyncDisposable {
  readonly #options: ActivationOptions
  readonly #keep = new Keep()
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
    const { problems } = this.#listeners
    return { result: problems.length === 0 ? 'ok' : 'degraded', problems }
  }

  /**
   * Compiles a snapshot beside the running one, opens its new sockets, swaps, and lets the old go. Not to be called
   * again before it has resolved. The same hash as the running one changes nothing but the identity.
   */
  async apply(document: SnapshotDocument): Promise<Applied> {
    const begun = performance.now()
    const identity = identityOf(document)
    if (this.#gateway?.identity.hash === identity.hash) {
      this.#gateway.identity = identity
      return { ...this.state, applyMs: 0 }
    }
    const { compiled, problems } = await compileSnapshotInSlices(document.snapshot, {
      pause: nextTurn,
      warnings: false,
    })
    if (compiled === undefined) return this.#refuse(identity, problems, begun)
    const next = this.#build(identity, compiled)
    if (!(next instanceof Gateway)) return this.#refuse(identity, [next], begun)
    await this.#swap(next)
    const applied = { ...this.state, applyMs: performance.now() - begun }
    this.#logApplied(next, applied)
    this.#options.onApplied(applied)
    return applied
  }

  /** Binds a compiled snapshot to connections; gives back what it took when that fails. */
  #build(identity: SnapshotIdentity, compiled: CompiledSnapshot): Gateway | Problem {
    const lease = this.#keep.lease()
    try {
      return new Gateway(identity, compiled, lease, this.#options.gateway)
    } catch (thrown) {
      lease[Symbol.dispose]()
      this.#options.log.error({ err: thrown, snapshotId: identity.id }, 'a snapshot that compiles could not be built')
      const message = `the proxy could not build the snapshot: ${thrown instanceof Error ? thrown.message : 'unknown'}`
      return { entity: { kind: 'snapshot', id: identity.id }, pointer: '', message, severity: 'error' }
    }
  }

  async #swap(next: Gateway): Promise<void> {
    const old = this.#gateway
    await this.#listeners.change(wantedListeners(next), old, () => {
      this.#gateway = next
      if (old === undefined) return
      handOver(old, next, this.#options.streamDrain)
      old.retire()
    })
  }

  #refuse(identity: SnapshotIdentity, problems: readonly Problem[], begun: number): Applied {
    const errors = problems.filter((problem) => hasErrors([problem]))
    const applied = { result: 'error', problems: errors, applyMs: performance.now() - begun } as const
    const [first] = errors
    this.#options.log.error(
      { snapshotId: identity.id, hash: identity.hash, problems: errors.length, first: first?.message },
      'snapshot refused',
    )
    this.#options.onApplied(applied)
    return applied
  }

  #logApplied({ identity, snapshot }: Gateway, { applyMs, result }: Applied): void {
    const { id, name, hash, seq } = identity
    this.#options.log.info(
      {
        snapshotId: id,
        name,
        hash,
        seq,
        applyMs: Math.round(applyMs * 10) / 10,
        result,
        listeners: snapshot.listeners.size,
        routes: snapshot.table.entries.length,
        destinations: snapshot.destinations.size,
      },
      'snapshot applied',
    )
  }

  /** Drains all listeners, then lets go of all connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listeners[Symbol.asyncDispose]()
    this.#gateway?.retire()
  }
}

function identityOf({ id, name, hash, seq }: SnapshotDocument): SnapshotIdentity {
  return { id, name, hash, seq: seq ?? 0 }
}

function wantedListeners(gateway: Gateway): WantedListener[] {
  return [...gateway.snapshot.listeners.values()].map((listener) => ({
    listener,
    front: { rules: listenerRules(listener), acceptor: gateway },
  }))
}
