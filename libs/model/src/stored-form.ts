import type { EntityKind } from './entity-kinds.ts'

/** Members that are written into what a client sends, since every answer has them. */
const filled: Readonly<Record<EntityKind, Readonly<Record<string, unknown>>>> = {
  listener: { name: '', address: '0.0.0.0' },
  destination: { name: '' },
  route: { name: '', match: {} },
  group: { name: '', routeIds: [] },
  middleware: { name: '' },
  secret: {},
}

/**
 * What is stored and returned of an entity that a client sent: the same members, `id` and `name` first, and the few that
 * every answer has. Other defaults are not written in, so that a later version may still tell "not given" apart.
 */
export function storedForm(
  kind: EntityKind,
  id: string,
  sent: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const { id: _, name, ...rest } = { ...structuredClone(filled[kind]), ...sent }
  return { id, name, ...rest }
}
