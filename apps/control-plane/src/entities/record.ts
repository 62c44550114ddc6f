import type { EntityKind } from '@vrata/model'
import type { Item } from '../store/store.ts'
import type { JsonObject } from './kinds.ts'

/** All entities of all kinds lie under this prefix. */
export const entityPrefix = 'e/'

/** The store's key of an entity. */
export function entityKey(kind: EntityKind, id: string): string {
  return `${entityPrefix}${kind}/${id}`
}

/** An entity as it lies in the store: what the client sent, and when. */
export interface EntityRecord {
  readonly kind: string
  readonly id: string
  readonly entity: JsonObject
  readonly updatedAt: string
}

/** The bytes of a record. */
export function encodeRecord(entity: JsonObject, updatedAt: string): Uint8Array {
  return Buffer.from(JSON.stringify({ updatedAt, entity }))
}

/** Reads an item under {@link entityPrefix}. */
export function decodeRecord(item: Item): EntityRecord {
  const [, kind = '', id = ''] = item.key.split('/')
  const { updatedAt, entity }: { updatedAt: string; entity: JsonObject } = JSON.parse(
    Buffer.from(item.value).toString(),
  )
  return { kind, id, entity, updatedAt }
}
