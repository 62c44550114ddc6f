import type { Database } from 'better-sqlite3'
import { type ChangeSet, StoreError } from '../store.ts'

/** How much of the past is kept: what paging and a watch that fell behind may ask for. */
export interface Retention {
  readonly revisions: number
  /** Bytes of replaced values. */
  readonly bytes: number
}

/** The undo log: what each change replaced, bounded by count and by size. */
export class History {
  readonly #retention: Retention
  readonly #sizes: { readonly revision: number; readonly bytes: number }[] = []
  #bytes = 0
  #compacted: number
  readonly #append
  readonly #trim
  readonly #setCompacted
  readonly #next
  readonly #keys
  readonly #replacedAfter
  readonly #present

  constructor(db: Database, retention: Retention) {
    this.#retention = retention
    this.#append = db.prepare('INSERT INTO log (revision, key, old_version, old_value) VALUES (?, ?, ?, ?)')
    this.#trim = db.prepare('DELETE FROM log WHERE revision <= ?')
    this.#setCompacted = db.prepare("UPDATE counter SET value = ? WHERE name = 'compacted'")
    this.#next = db
      .prepare<[number, string, string], number>(
        'SELECT revision FROM log WHERE revision > ? AND key >= ? AND key < ? ORDER BY revision LIMIT 1',
      )
      .pluck()
    this.#keys = db
      .prepare<[number, string, string], string>(
        'SELECT key FROM log WHERE revision = ? AND key >= ? AND key < ? ORDER BY key',
      )
      .pluck()
    this.#replacedAfter = db.prepare<[string, number], { old_value: Uint8Array | null }>(
      'SELECT old_value FROM log WHERE key = ? AND revision > ? ORDER BY revision LIMIT 1',
    )
    this.#present = db.prepare<[string], { value: Uint8Array }>('SELECT value FROM kv WHERE key = ?')
    this.#compacted = Number(db.prepare("SELECT value FROM counter WHERE name = 'compacted'").pluck().get())
    const kept = db.prepare<[], { revision: number; bytes: number }>(
      'SELECT revision, coalesce(sum(length(old_value)), 0) AS bytes FROM log GROUP BY revision ORDER BY revision',
    )
    for (const { revision, bytes } of kept.all()) this.#count(revision, bytes)
  }

  /** Throws `compacted` when the states after this revision are no longer all known. */
  assertKnown(revision: number): void {
    if (revision < this.#compacted) throw new StoreError('compacted', `revision ${revision} is no longer kept`)
  }

  /** Notes what a change replaced; inside the transaction of the commit. */
  append(
    revision: number,
    key: string,
    old: { readonly version: number; readonly value: Uint8Array } | undefined,
  ): void {
    this.#append.run(revision, key, old?.version ?? null, old?.value ?? null)
  }

  /** The oldest revision to keep after one more of this size; inside the transaction, before `settled`. */
  compact(revision: number, bytes: number): number {
    let total = this.#bytes + bytes
    let through = this.#compacted
    for (const entry of this.#sizes) {
      if (revision - entry.revision < this.#retention.revisions && total <= this.#retention.bytes) break
      total -= entry.bytes
      through = entry.revision
    }
    return through > this.#compacted ? this.forget(through) : through
  }

  /** Forgets everything up to a revision, itself included; inside the transaction, before `settled`. */
  forget(revision: number): number {
    this.#trim.run(revision)
    this.#setCompacted.run(revision)
    return revision
  }

  /** Takes the outcome of a transaction over into memory, once it is durable. */
  settled(revision: number, bytes: number, compacted: number): void {
    this.#count(revision, bytes)
    this.#compacted = compacted
    while (this.#sizes[0] && this.#sizes[0].revision <= compacted) this.#bytes -= this.#sizes.shift()?.bytes ?? 0
  }

  /** The next commit after a revision that touched a key in [lower, upper), or undefined. */
  next(from: number, lower: string, upper: string): ChangeSet | undefined {
    this.assertKnown(from)
    const revision = this.#next.get(from, lower, upper)
    if (revision === undefined) return undefined
    const keys = this.#keys.all(revision, lower, upper)
    return { revision: BigInt(revision), changes: keys.map((key) => ({ key, value: this.#valueAt(key, revision) })) }
  }

  #count(revision: number, bytes: number): void {
    this.#sizes.push({ revision, bytes })
    this.#bytes += bytes
  }

  #valueAt(key: string, revision: number): Uint8Array | undefined {
    const replaced = this.#replacedAfter.get(key, revision)
    if (replaced) return replaced.old_value ?? undefined
    return this.#present.get(key)?.value
  }
}
