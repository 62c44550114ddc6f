import { createHash } from 'node:crypto'
import type { SnapshotConfig } from '@vrata/model'
import { pointer } from '@vrata/notation'
import { canonicalJson } from './canonical-json.ts'
import { byId, lists, type SnapshotKind, snapshotKinds } from './kinds.ts'
import { pointersByEntity, type SecretPointer } from './secrets/pointers.ts'
import { atOnce, type Steps } from './slices.ts'

/**
 * The identity of a snapshot's content: `sha256:` and the hexadecimal digest of its canonical JSON, lists sorted by id
 * and every string that came from a secret replaced by its fingerprint. The order of lists and of members does not
 * matter, and nobody can try out weak secrets against it.
 */
export function snapshotHash(config: SnapshotConfig, pointers: readonly SecretPointer[]): string {
  return atOnce(hashSteps(config, pointers))
}

/** {@link snapshotHash}, entity by entity. */
export function* hashSteps(config: SnapshotConfig, pointers: readonly SecretPointer[]): Steps<string> {
  const secrets = pointersByEntity(pointers)
  const hash = createHash('sha256')
  const kinds = [...snapshotKinds].sort((a, b) => (lists[a] < lists[b] ? -1 : 1))
  hash.update('{')
  for (const [index, kind] of kinds.entries()) {
    hash.update(`${index === 0 ? '' : ','}"${lists[kind]}":[`)
    let separator = ''
    for (const entity of [...config[lists[kind]]].sort(byId)) {
      hash.update(separator + canonicalEntity(kind, entity, secrets))
      separator = ','
      yield
    }
    hash.update(']')
  }
  hash.update('}')
  return `sha256:${hash.digest('hex')}`
}

function canonicalEntity(
  kind: SnapshotKind,
  entity: { readonly id: string },
  secrets: ReadonlyMap<string, readonly SecretPointer[]>,
): string {
  const places = secrets.get(`${kind}/${entity.id}`)
  if (places === undefined) return canonicalJson(entity)
  const fingerprints = new Map(places.map((place) => [place.pointer, place.fingerprint]))
  return canonicalJson(entity, (path, text) => fingerprints.get(pointer(...path)) ?? text)
}
