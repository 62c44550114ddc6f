import type { Secret, SnapshotConfig } from '@vrata/model'
import type { Store } from '../store/store.ts'
import type { JsonObject } from './kinds.ts'
import { decodeRecord, entityPrefix } from './record.ts'

/** Everything that is staged, at one revision of the store. */
export interface Staged {
  readonly config: SnapshotConfig
  readonly secrets: readonly Secret[]
}

/**
 * Reads all entities in one consistent read, each list by id in byte order. What lies in the store was checked when it
 * was written; capture checks it again.
 */
export async function readStaged(store: Store): Promise<Staged> {
  const { items } = await store.list(entityPrefix)
  const lists: Record<string, JsonObject[]> = {}
  for (const item of items) {
    const { kind, entity } = decodeRecord(item)
    lists[kind] ??= []
    lists[kind].push(entity)
  }
  const of = <T>(kind: string) => (lists[kind] ?? []) as unknown as T[]
  return {
    config: {
      listeners: of('listener'),
      routes: of('route'),
      groups: of('group'),
      destinations: of('destination'),
      middlewares: of('middleware'),
    },
    secrets: of('secret'),
  }
}
