import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Problem, SnapshotConfig } from '@vrata/model'
import type { Turnstile } from '@vrata/service'
import {
  type CompiledSnapshot,
  captureInSlices,
  compileSnapshotInSlices,
  type SecretPointer,
  type SecretPorts,
} from '@vrata/snapshot'
import { readStaged } from '../entities/staged.ts'
import { readPointer } from '../snapshots/active-pointer.ts'
import type { SnapshotArchive } from '../snapshots/archive.ts'
import { fingerprints } from '../snapshots/reference-ports.ts'
import type { Store } from '../store/store.ts'

/** A configuration, compiled as proxies compile it. */
export interface Source {
  readonly kind: 'active' | 'staged' | 'snapshot'
  /** Id of the snapshot, or `staged`. */
  readonly id: string
  readonly hash: string
  readonly compiled: CompiledSnapshot
  readonly secretPointers: readonly SecretPointer[]
}

/** What became of looking for a configuration. */
export type FoundSource =
  | { readonly outcome: 'found'; readonly source: Source }
  | { readonly outcome: 'missing' }
  /** It does not compile. */
  | { readonly outcome: 'refused'; readonly kind: Source['kind']; readonly problems: readonly Problem[] }

export interface SourcePorts {
  readonly store: Store
  readonly archive: SnapshotArchive
  readonly references: Pick<SecretPorts, 'env' | 'file'>
  /** Shared by all who resolve and compile what is staged. */
  readonly turns: Turnstile
}

/**
 * The configurations that can be asked: the active one, what is staged, and every snapshot. The snapshot that was asked
 * last stays compiled, since questions come in series; it takes as much memory as in a proxy.
 */
export class Sources {
  readonly #ports: SourcePorts
  #last: { readonly id: string; readonly found: Promise<FoundSource> } | undefined = undefined

  constructor(ports: SourcePorts) {
    this.#ports = ports
  }

  /** `name` is `active` (what is staged while nothing is active), `staged`, or the id of a snapshot. */
  async find(name: string): Promise<FoundSource> {
    if (name === 'staged') return this.#inTurn()
    if (name !== 'active') return this.#snapshot(name)
    const { pointer } = await readPointer(this.#ports.store)
    if (pointer.active === undefined) return this.#inTurn()
    const found = await this.#snapshot(pointer.active.id)
    return found.outcome === 'found' ? { ...found, source: { ...found.source, kind: 'active' } } : found
  }

  #inTurn(): Promise<FoundSource> {
    return this.#ports.turns.pass(() => this.#staged())
  }

  async #staged(): Promise<FoundSource> {
    const { store, references } = this.#ports
    const kind = 'staged'
    const fingerprint = await fingerprints(store)
    const captured = await captureInSlices(await readStaged(store), { ...references, fingerprint }, { pause: nextTurn })
    if (!captured.ok) return { outcome: 'refused', kind, problems: captured.problems }
    const { hash, compiled, secretPointers } = captured
    return { outcome: 'found', source: { kind, id: 'staged', hash, compiled, secretPointers } }
  }

  async #snapshot(id: string): Promise<FoundSource> {
    if (this.#last?.id !== id) this.#last = { id, found: this.#compile(id) }
    const { found } = this.#last
    const forget = () => {
      if (this.#last?.found === found) this.#last = undefined
    }
    try {
      const result = await found
      if (result.outcome !== 'found') forget()
      // It may have been deleted since it was compiled.
      else if (!(await this.#ports.archive.meta(id))) return { outcome: 'missing' }
      return result
    } catch (thrown) {
      forget()
      throw thrown
    }
  }

  async #compile(id: string): Promise<FoundSource> {
    const { archive } = this.#ports
    const kind = 'snapshot'
    const [found, json] = await Promise.all([archive.meta(id), archive.config(id)])
    if (!found || !json) return { outcome: 'missing' }
    const config: SnapshotConfig = JSON.parse(json.toString())
    const { hash, secretPointers } = found.meta
    const options = { secretPointers, warnings: false, pause: nextTurn }
    const { compiled, problems } = await compileSnapshotInSlices(config, options)
    if (compiled === undefined) return { outcome: 'refused', kind, problems }
    return { outcome: 'found', source: { kind, id, hash, compiled, secretPointers } }
  }
}
