import type { EntityKind, EntityRef, SnapshotConfig } from '@vrata/model'

/** What a snapshot consists of: every kind but secrets, which are filled in and stay behind. */
export type SnapshotKind = Exclude<EntityKind, 'secret'>

/** The lists of a snapshot by their kind, in the order in which documents name them. */
export const lists = {
  listener: 'listeners',
  destination: 'destinations',
  route: 'routes',
  group: 'groups',
  middleware: 'middlewares',
} as const satisfies Record<SnapshotKind, keyof SnapshotConfig>

export const snapshotKinds: readonly SnapshotKind[] = ['listener', 'destination', 'route', 'group', 'middleware']

/** An entity as it is stored, seen without its kind. */
export type StoredEntity = SnapshotConfig[keyof SnapshotConfig][number]

/** An entity and what it is. */
export interface Member {
  readonly kind: SnapshotKind
  readonly entity: StoredEntity
}

/** All entities of a snapshot, kind by kind. */
export function* membersOf(config: SnapshotConfig): Generator<Member> {
  for (const kind of snapshotKinds) for (const entity of config[lists[kind]]) yield { kind, entity }
}

/** How a problem names an entity: the name is left out when there is none. */
export function refOf(
  kind: SnapshotKind,
  entity: { readonly id: string; readonly name?: string | undefined },
): EntityRef {
  return entity.name === undefined || entity.name === ''
    ? { kind, id: entity.id }
    : { kind, id: entity.id, name: entity.name }
}

/** Byte order of ids, which are ASCII: the one order of lists in hashes and answers. */
export function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0
}
