import type { SnapshotMeta } from './meta.ts'

/** What the documents of one snapshot say besides its configuration, in the order in which it is written. */
function head({ id, name, createdAt, hash, description, labels, createdBy, counts }: SnapshotMeta) {
  return { id, name, createdAt, hash, ...optional({ description, labels }), createdBy, counts }
}

function optional<T extends Readonly<Record<string, unknown>>>(members: T): Partial<T> {
  const given: Partial<T> = {}
  for (const name in members) if (members[name] !== undefined) given[name] = members[name]
  return given
}

/** A list entry, and what activation answers. */
export function summary(meta: SnapshotMeta, active: boolean, activatedAt: string | undefined) {
  return { ...head(meta), active, ...(activatedAt === undefined ? {} : { activatedAt }) }
}

/** The whole snapshot as API clients get it, in parts: one of them is its configuration as JSON, as it was given. */
export function fullDocument(
  meta: SnapshotMeta,
  config: Buffer,
  extra: Readonly<Record<string, unknown>> = {},
): Buffer[] {
  return around({ ...head(meta), ...extra }, config, '\n')
}

/** The document that proxies get: one line without a line feed. */
export function streamDocument(meta: SnapshotMeta, config: Buffer, seq: number): Buffer {
  const { id, name, createdAt, hash } = meta
  return Buffer.concat(around({ id, name, createdAt, hash, seq }, config, ''))
}

function around(members: Readonly<Record<string, unknown>>, config: Buffer, end: string): Buffer[] {
  const text = JSON.stringify(members)
  return [Buffer.from(`${text.slice(0, -1)},"snapshot":`), config, Buffer.from(`}${end}`)]
}
