import type { Secret, SnapshotConfig } from '@vrata/model'
import { membersOf, type SnapshotKind } from '../kinds.ts'
import { mayHoldReference, parseSecretText, type SecretSource } from './grammar.ts'
import { mapStrings } from './strings.ts'

/** A place in an entity that refers to a secret. */
export interface SecretUse {
  readonly kind: SnapshotKind
  readonly id: string
  readonly name: string
  /** RFC 6901, into the entity. */
  readonly pointer: string
}

/**
 * The places of a configuration, not yet filled in, that get the value of the given stored secret: by its id, or by its
 * name where no other secret has that name or id. In the order of the lists, each place once.
 */
export function secretUses(
  config: SnapshotConfig,
  secrets: readonly Pick<Secret, 'id' | 'name'>[],
  secretId: string,
): SecretUse[] {
  const byName = Map.groupBy(secrets, (secret) => secret.name)
  const ids = new Set(secrets.map((secret) => secret.id))
  const meant = (source: SecretSource, ref: string) => {
    if (source !== 'value') return false
    if (ref === secretId || ids.has(ref)) return ref === secretId
    const named = byName.get(ref) ?? []
    return named.length === 1 && named[0]?.id === secretId
  }
  const uses: SecretUse[] = []
  for (const { kind, entity } of membersOf(config)) {
    mapStrings(entity, {
      value: (text, place) => {
        if (!mayHoldReference(text)) return text
        const used = parseSecretText(text).some((piece) => piece.kind === 'reference' && meant(piece.source, piece.ref))
        if (used) uses.push({ kind, id: entity.id, name: entity.name ?? '', pointer: place() })
        return text
      },
      name: () => undefined,
    })
  }
  return uses
}
