import type { SnapshotConfig } from '@vrata/model'
import { parsePointer, valueAt } from '@vrata/notation'
import { membersOf, type SnapshotKind } from '../kinds.ts'

/**
 * A string of a snapshot that came from secrets, wholly or in part. The list of these is kept beside the stored
 * snapshot, which itself holds the values in clear.
 */
export interface SecretPointer {
  readonly kind: SnapshotKind
  readonly id: string
  /** RFC 6901, into the entity. */
  readonly pointer: string
  /** Keyed hash of the whole string: tells equal from different without telling the value. Hexadecimal. */
  readonly fingerprint: string
}

/** The pointers of each entity, found by `kind/id`. */
export function pointersByEntity(pointers: readonly SecretPointer[]): ReadonlyMap<string, readonly SecretPointer[]> {
  return Map.groupBy(pointers, ({ kind, id }) => `${kind}/${id}`)
}

/** The strings of a configuration that came from secrets. */
export function secretTexts(config: SnapshotConfig, pointers: readonly SecretPointer[]): Set<string> {
  const texts = new Set<string>()
  if (pointers.length === 0) return texts
  const byEntity = pointersByEntity(pointers)
  for (const { kind, entity } of membersOf(config)) {
    for (const { pointer } of byEntity.get(`${kind}/${entity.id}`) ?? []) {
      const text = valueAt(entity, parsePointer(pointer) ?? [])
      if (typeof text === 'string') texts.add(text)
    }
  }
  return texts
}
