import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import {
  type Expectation,
  type Operation,
  type Store,
  StoreError,
  type StoreLimits,
  type Version,
} from '../store/store.ts'
import type { SnapshotMeta } from './meta.ts'

/** Metadata of all snapshots lie under this prefix. */
const metaPrefix = 'v/'
/** Largest value that every engine takes. */
const chunkBytes = 512 * 1024
/** How much configuration is kept in memory, so that what was just captured is activated without reading it back. */
const cacheBytes = 64 * 1024 * 1024

const zip = promisify(gzip)
const unzip = promisify(gunzip)

/** A snapshot's metadata with the version of its record. */
export interface ArchivedMeta {
  readonly meta: SnapshotMeta
  readonly version: Version
}

/** The store's key of a snapshot's metadata: what exists while the snapshot does. */
export function metaKey(id: string): string {
  return metaPrefix + id
}

/**
 * Snapshots as they lie in the store: metadata, and the configuration as compressed JSON in chunks. The metadata is
 * written last and removed first, so that it never leads to a configuration that is not whole.
 */
export class SnapshotArchive {
  readonly #store: Store
  /** Newest last. */
  readonly #cache = new Map<string, Buffer>()

  constructor(store: Store) {
    this.#store = store
  }

  /** Stores a new snapshot, under an id never used before; `config` is its configuration as JSON. */
  async add(meta: SnapshotMeta, config: Buffer): Promise<Version> {
    const packed = await zip(config)
    const chunks: Operation[] = []
    for (let at = 0; at < packed.byteLength; at += chunkBytes) {
      chunks.push({ put: chunkKey(meta.id, chunks.length), value: packed.subarray(at, at + chunkBytes) })
    }
    const record: Operation = { put: metaKey(meta.id), value: Buffer.from(JSON.stringify(meta)) }
    const batches = batch([...chunks, record], this.#store.limits)
    let revision: Version = 0n
    for (const operations of batches) {
      const result = await this.#store.commit(operations)
      if (result.committed) revision = result.revision
    }
    this.#remember(meta.id, config)
    return revision
  }

  /** Metadata of one, or undefined. */
  async meta(id: string): Promise<ArchivedMeta | undefined> {
    const item = await this.#store.get(metaKey(id))
    return item && { meta: JSON.parse(Buffer.from(item.value).toString()), version: item.version }
  }

  /** Metadata of all at one revision, the newest first. */
  async list(): Promise<{ readonly metas: readonly SnapshotMeta[]; readonly revision: Version }> {
    const { items, revision } = await this.#store.list(metaPrefix)
    const metas = items.map((item): SnapshotMeta => JSON.parse(Buffer.from(item.value).toString()))
    return { metas: metas.sort(newestFirst), revision }
  }

  /** The configuration as JSON; undefined when the snapshot is gone. Throws `unusable` when it is damaged. */
  async config(id: string): Promise<Buffer | undefined> {
    const cached = this.#cache.get(id)
    if (cached) return cached
    const { items } = await this.#store.list(chunkPrefix(id))
    if (items.length === 0) return undefined
    const config = await unzip(Buffer.concat(items.map((item) => item.value))).catch((thrown: unknown) => {
      throw new StoreError('unusable', `the configuration of snapshot ${id} is damaged: ${String(thrown)}`, thrown)
    })
    this.#remember(id, config)
    return config
  }

  /**
   * Removes one under the given expectations, together with what else changes then. Resolves to false when an
   * expectation failed; nothing was changed then.
   */
  async remove(id: string, expect: readonly Expectation[], also: readonly Operation[]): Promise<boolean> {
    const { items } = await this.#store.list(chunkPrefix(id))
    const chunks = items.map((item): Operation => ({ delete: item.key }))
    const [first = [], ...others] = batch([{ delete: metaKey(id) }, ...also, ...chunks], this.#store.limits)
    const result = await this.#store.commit(first, expect)
    if (!result.committed) return false
    this.#cache.delete(id)
    for (const operations of others) await this.#store.commit(operations)
    return true
  }

  #remember(id: string, config: Buffer): void {
    this.#cache.delete(id)
    this.#cache.set(id, config)
    let total = [...this.#cache.values()].reduce((sum, one) => sum + one.byteLength, 0)
    for (const [oldest, { byteLength }] of this.#cache) {
      if (total <= cacheBytes || oldest === id) break
      this.#cache.delete(oldest)
      total -= byteLength
    }
  }
}

/** The operations in as few commits as the engine allows, in order. */
function batch(operations: readonly Operation[], limits: StoreLimits): Operation[][] {
  const batches: Operation[][] = []
  let bytes = 0
  for (const operation of operations) {
    const size = 'value' in operation ? operation.value.byteLength : 0
    const last = batches.at(-1)
    if (last && last.length < limits.operations && bytes + size <= limits.bytes) {
      last.push(operation)
      bytes += size
    } else {
      batches.push([operation])
      bytes = size
    }
  }
  return batches
}

function chunkPrefix(id: string): string {
  return `s/${id}/`
}

function chunkKey(id: string, index: number): string {
  return `${chunkPrefix(id)}${String(index).padStart(6, '0')}`
}

function newestFirst(a: SnapshotMeta, b: SnapshotMeta): number {
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? 1 : -1
  return a.id < b.id ? -1 : 1
}
