import type { SnapshotConfig } from '@vrata/model'
import { parsePointer, valueAt } from '@vrata/notation'
import { lists, snapshotKinds } from './kinds.ts'
import { pointersByEntity, type SecretPointer } from './secrets/pointers.ts'

/**
 * The document as people without full access may see it: every string that came from a secret shows
 * `<secret XXXXXXXXXXXX>` with the first 12 digits of its fingerprint, so that two places with the same value, and a
 * value that changed, can still be told. The given document stays as it is.
 */
export function redact<D extends { readonly snapshot: SnapshotConfig }>(
  document: D,
  pointers: readonly SecretPointer[],
): D {
  return { ...document, snapshot: redactConfig(document.snapshot, pointers) }
}

/** {@link redact} for the five lists alone. */
export function redactConfig(config: SnapshotConfig, pointers: readonly SecretPointer[]): SnapshotConfig {
  const secrets = pointersByEntity(pointers)
  const redacted = { ...config }
  for (const kind of snapshotKinds) {
    const list = config[lists[kind]].map((entity) => hide(entity, secrets.get(`${kind}/${entity.id}`)))
    Reflect.set(redacted, lists[kind], list)
  }
  return redacted
}

function hide<E>(entity: E, places: readonly SecretPointer[] | undefined): E {
  if (places === undefined) return entity
  const copy = structuredClone(entity)
  for (const { pointer, fingerprint } of places) {
    const path = parsePointer(pointer) ?? []
    const parent = valueAt(copy, path.slice(0, -1))
    const key = path.at(-1)
    if (key !== undefined && typeof parent === 'object' && parent !== null && Object.hasOwn(parent, key)) {
      Reflect.set(parent, key, `<secret ${fingerprint.slice(0, 12)}>`)
    }
  }
  return copy
}
