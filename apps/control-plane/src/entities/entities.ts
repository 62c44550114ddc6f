import { isEntityId } from '@vrata/model'
import type { Store, Version } from '../store/store.ts'
import type { JsonObject, Kind } from './kinds.ts'
import { decodeRecord, encodeRecord, entityKey, entityPrefix } from './record.ts'

/** A stored entity with its version. */
export interface Stored {
  readonly entity: JsonObject
  readonly updatedAt: string
  readonly version: Version
}

/** What became of a replacement or removal. */
export type WriteResult<T> =
  | { readonly done: true; readonly value: T }
  | { readonly done: false; readonly version: Version }

/** The entities of one kind over the store. Knows nothing of HTTP, and takes only what has been checked. */
export class Entities {
  readonly #store: Store
  readonly #kind: Kind
  readonly #now: () => Date

  constructor(store: Store, kind: Kind, now: () => Date = () => new Date()) {
    this.#store = store
    this.#kind = kind
    this.#now = now
  }

  /** All of them by id in byte order, at one revision. */
  async list(): Promise<{ readonly items: readonly Stored[]; readonly revision: Version }> {
    const page = await this.#store.list(`${entityPrefix}${this.#kind.kind}/`)
    return {
      items: page.items.map((item) => ({ ...decodeRecord(item), version: item.version })),
      revision: page.revision,
    }
  }

  /** One, or undefined. */
  async get(id: string): Promise<Stored | undefined> {
    if (!isEntityId(id)) return undefined
    const item = await this.#store.get(this.#key(id))
    return item && { ...decodeRecord(item), version: item.version }
  }

  /** Stores a new one; undefined when the id is taken. */
  async create(id: string, entity: JsonObject): Promise<Stored | undefined> {
    const result = await this.#put(id, entity, 0n)
    return result.done ? result.value : undefined
  }

  /** Replaces the one that has this version; otherwise tells the version found, 0n when there is none. */
  replace(id: string, entity: JsonObject, version: Version): Promise<WriteResult<Stored>> {
    return this.#put(id, entity, version)
  }

  /** Removes the one that has this version; otherwise tells the version found, 0n when there is none. */
  async remove(id: string, version: Version): Promise<WriteResult<undefined>> {
    const key = this.#key(id)
    const result = await this.#store.commit([{ delete: key }], [{ key, version }])
    return result.committed ? { done: true, value: undefined } : { done: false, version: result.version }
  }

  async #put(id: string, entity: JsonObject, expected: Version): Promise<WriteResult<Stored>> {
    const key = this.#key(id)
    const updatedAt = this.#now().toISOString()
    const result = await this.#store.commit(
      [{ put: key, value: encodeRecord(entity, updatedAt) }],
      [{ key, version: expected }],
    )
    if (!result.committed) return { done: false, version: result.version }
    return { done: true, value: { entity, updatedAt, version: result.revision } }
  }

  #key(id: string): string {
    return entityKey(this.#kind.kind, id)
  }
}
