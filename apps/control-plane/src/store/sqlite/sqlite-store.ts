import { createReadStream } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import type { Database } from 'better-sqlite3'
import type {
  ChangeSet,
  CommitResult,
  Expectation,
  Item,
  ListOptions,
  Operation,
  Page,
  Store,
  StoreLimits,
  StoreStatus,
  Version,
} from '../store.ts'
import { isFull, toStoreError } from './failures.ts'
import { History, type Retention } from './history.ts'
import { type OpenOptions, openDatabase, openingError } from './open.ts'

/** What a test may turn; the program uses the defaults. */
export interface SqliteOptions extends OpenOptions {
  readonly retention?: Retention
  readonly limits?: StoreLimits
}

/** Sorts after every key: no key holds the highest code point. */
const highest = '\u{10ffff}'
const defaultRetention: Retention = { revisions: 10_000, bytes: 64 * 1024 * 1024 }
const defaultLimits: StoreLimits = { operations: 1_000_000, bytes: 1024 * 1024 * 1024 }

/**
 * The store of a single node: one SQLite file in WAL mode, synced to the disk before a commit resolves. Blocks for up to
 * some seconds while another process holds the file, then throws `locked`.
 */
export function openSqliteStore(path: string, options: SqliteOptions = {}): Store {
  const db = openDatabase(path, options)
  try {
    return new SqliteStore(db, options.retention ?? defaultRetention, options.limits ?? defaultLimits)
  } catch (thrown) {
    db.close()
    throw openingError(path, thrown)
  }
}

interface Row {
  readonly key: string
  readonly value: Uint8Array
  readonly version: number
}

/** Nothing was written, or what to take over into memory once the transaction is durable. */
type Applied =
  | { readonly result: CommitResult }
  | { readonly revision: number; readonly bytes: number; readonly compacted: number }

class SqliteStore implements Store {
  readonly limits: StoreLimits
  readonly #db: Database
  readonly #history: History
  readonly #closed = new AbortController()
  #revision: number
  /** Watches that have read everything; each is woken by the next commit. */
  readonly #waiting = new Set<() => void>()
  readonly #get
  readonly #list
  readonly #listAt
  readonly #put
  readonly #delete
  readonly #setRevision

  constructor(db: Database, retention: Retention, limits: StoreLimits) {
    this.limits = limits
    this.#db = db
    this.#history = new History(db, retention)
    this.#revision = Number(db.prepare("SELECT value FROM counter WHERE name = 'revision'").pluck().get())
    this.#get = db.prepare<[string], Row>('SELECT key, value, version FROM kv WHERE key = ?')
    this.#list = db.prepare<[string, string, string, number], Row>(
      'SELECT key, value, version FROM kv WHERE key >= ? AND key < ? AND key > ? ORDER BY key LIMIT ?',
    )
    // A key changed since `at` shows what its first change after `at` replaced: the one entry with an older version.
    this.#listAt = db.prepare<Record<string, string | number>, Row>(
      `SELECT key, value, version FROM kv WHERE key >= @lower AND key < @upper AND key > @after AND version <= @at
       UNION ALL
       SELECT key, old_value, old_version FROM log
         WHERE key >= @lower AND key < @upper AND key > @after AND revision > @at AND old_version <= @at
       ORDER BY 1 LIMIT @limit`,
    )
    this.#put = db.prepare(
      `INSERT INTO kv (key, version, value) VALUES (?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET version = excluded.version, value = excluded.value`,
    )
    this.#delete = db.prepare('DELETE FROM kv WHERE key = ?')
    this.#setRevision = db.prepare("UPDATE counter SET value = ? WHERE name = 'revision'")
  }

  async get(key: string): Promise<Item | undefined> {
    return this.#run(() => {
      const row = this.#get.get(key)
      return row && toItem(row)
    })
  }

  async list(prefix: string, options: ListOptions = {}): Promise<Page> {
    return this.#run(() => {
      const { limit, after = '' } = options
      const at = options.at === undefined ? this.#revision : Number(options.at)
      this.#history.assertKnown(at)
      const most = limit === undefined ? -1 : limit + 1
      const upper = prefix + highest
      const rows =
        at >= this.#revision
          ? this.#list.all(prefix, upper, after, most)
          : this.#listAt.all({ lower: prefix, upper, after, at, limit: most })
      const more = limit !== undefined && rows.length > limit
      return { items: rows.slice(0, limit).map(toItem), revision: BigInt(at), more }
    })
  }

  async commit(operations: readonly Operation[], expect: readonly Expectation[] = []): Promise<CommitResult> {
    const keys = operations.map(keyOf)
    if (new Set(keys).size < keys.length) throw new TypeError('a key occurs twice in one commit')
    return this.#run(() => {
      const outcome = this.#applyInRoom(operations, expect)
      if ('result' in outcome) return outcome.result
      const { revision, bytes, compacted } = outcome
      this.#revision = revision
      this.#history.settled(revision, bytes, compacted)
      for (const wake of this.#waiting) wake()
      this.#waiting.clear()
      return { committed: true, revision: BigInt(revision) }
    })
  }

  /** On a full disk the past is given up for the present: else not even a deletion would find the room it makes. */
  #applyInRoom(operations: readonly Operation[], expect: readonly Expectation[]): Applied {
    const apply = (keep: boolean) => this.#db.transaction(() => this.#apply(operations, expect, keep)).immediate()
    try {
      return apply(true)
    } catch (thrown) {
      if (!isFull(thrown)) throw thrown
      return apply(false)
    }
  }

  #apply(operations: readonly Operation[], expect: readonly Expectation[], keepHistory: boolean): Applied {
    for (const { key, version } of expect) {
      const found = BigInt(this.#get.get(key)?.version ?? 0)
      if (found !== version) return { result: { committed: false, key, version: found } }
    }
    const revision = this.#revision + 1
    if (!keepHistory) this.#history.forget(this.#revision)
    let bytes = 0
    let changed = false
    for (const operation of operations) {
      const key = keyOf(operation)
      const old = this.#get.get(key)
      if (!old && 'delete' in operation) continue
      changed = true
      if (keepHistory) {
        bytes += old?.value.byteLength ?? 0
        this.#history.append(revision, key, old)
      }
      if ('delete' in operation) this.#delete.run(key)
      else this.#put.run(key, revision, operation.value)
    }
    if (!changed) return { result: { committed: true, revision: BigInt(this.#revision) } }
    this.#setRevision.run(revision)
    const compacted = keepHistory ? this.#history.compact(revision, bytes) : this.#history.forget(revision)
    return { revision, bytes, compacted }
  }

  async *watch(prefix: string, from: Version, signal: AbortSignal): AsyncIterable<ChangeSet> {
    const ended = AbortSignal.any([signal, this.#closed.signal])
    let wake = () => {}
    ended.addEventListener('abort', () => wake(), { once: true })
    let cursor = Number(from)
    while (!ended.aborted) {
      const next = this.#run(() => this.#history.next(cursor, prefix, prefix + highest))
      if (next) {
        cursor = Number(next.revision)
        yield next
      } else {
        // Nothing up to here concerns this watch, so that it never falls behind what is kept.
        cursor = Math.max(cursor, this.#revision)
        await new Promise<void>((resolve) => {
          wake = resolve
          this.#waiting.add(resolve)
        })
        this.#waiting.delete(wake)
      }
    }
  }

  async status(): Promise<StoreStatus> {
    return this.#run(() => {
      const pages = Number(this.#db.pragma('page_count', { simple: true }))
      const bytes = pages * Number(this.#db.pragma('page_size', { simple: true }))
      const self = { id: 'local', healthy: true, storeBytes: bytes }
      return { mode: 'sqlite' as const, quorum: true, node: self.id, leader: self.id, members: [self], bytes }
    })
  }

  async *backup(): AsyncIterable<Uint8Array> {
    const path = `${this.#db.name}.backup-${process.pid}-${Date.now()}`
    try {
      await writeFile(path, '', { mode: 0o600 })
      await this.#db.backup(path).catch((thrown: unknown) => {
        throw toStoreError(thrown)
      })
      yield* createReadStream(path)
    } finally {
      await rm(path, { force: true })
    }
  }

  async close(): Promise<void> {
    this.#closed.abort()
    this.#run(() => this.#db.close())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #run<T>(work: () => T): T {
    try {
      return work()
    } catch (thrown) {
      throw toStoreError(thrown)
    }
  }
}

function keyOf(operation: Operation): string {
  return 'delete' in operation ? operation.delete : operation.put
}

function toItem(row: Row): Item {
  return { key: row.key, value: row.value, version: BigInt(row.version) }
}
