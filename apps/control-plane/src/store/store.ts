/**
 * A position in the store's history: each commit that changes anything takes the next one. An item carries the position
 * of its last change. 0n stands for "does not exist".
 */
export type Version = bigint

/** A key with its bytes and the version of its last change. */
export interface Item {
  readonly key: string
  readonly value: Uint8Array
  readonly version: Version
}

/** One change inside a commit. Deleting what does not exist is allowed and changes nothing. */
export type Operation = { readonly put: string; readonly value: Uint8Array } | { readonly delete: string }

/** A condition of a commit: the key must still have this version; 0n: it must not exist. */
export interface Expectation {
  readonly key: string
  readonly version: Version
}

/** What became of a commit. A conflict names the first expectation that failed and the version found instead. */
export type CommitResult =
  | { readonly committed: true; readonly revision: Version }
  | { readonly committed: false; readonly key: string; readonly version: Version }

/** Items in byte order of their keys, all as they were at `revision`. */
export interface Page {
  readonly items: readonly Item[]
  readonly revision: Version
  /** More items follow after the last one given. */
  readonly more: boolean
}

/** What to list. */
export interface ListOptions {
  /** At most this many items; absent = all. */
  readonly limit?: number
  /** Only keys after this one: the last key of the page before. */
  readonly after?: string
  /** The revision of the first page, so that all pages show one state. Absent = now. */
  readonly at?: Version
  /** `local` may answer from this node without asking the others. Default `linearizable`. */
  readonly consistency?: Consistency
}

/** How fresh a read must be. With one node both are the same. */
export type Consistency = 'linearizable' | 'local'

/** A key's state after a commit; `value` is undefined when it was deleted. */
export interface Change {
  readonly key: string
  readonly value: Uint8Array | undefined
}

/** All changes of one commit under the watched prefix. */
export interface ChangeSet {
  readonly revision: Version
  readonly changes: readonly Change[]
}

/** One member of the store as `GET /cluster` and the fleet name it. */
export interface StoreMember {
  readonly id: string
  readonly healthy: boolean
  /** Bytes on disk. */
  readonly storeBytes: number
}

/** The store's own health. */
export interface StoreStatus {
  readonly mode: 'sqlite'
  readonly quorum: boolean
  /** The name of this node. */
  readonly node: string
  readonly leader: string
  readonly members: readonly StoreMember[]
  /** Bytes on disk of this node. */
  readonly bytes: number
}

/** What one commit may hold; larger writes are split by the caller, the key that makes them visible last. */
export interface StoreLimits {
  readonly operations: number
  readonly bytes: number
}

/**
 * Ordered keys and bytes with versions, atomic compare-and-set and a gapless feed of changes: what one SQLite file and a
 * replicated key-value store can both promise. It knows nothing of entities.
 *
 * Every method may throw a `StoreError`; which one says what is known about the write.
 */
export interface Store extends AsyncDisposable {
  readonly limits: StoreLimits

  /** One item, or undefined. */
  get(key: string, options?: { readonly consistency?: Consistency }): Promise<Item | undefined>

  /** All items whose key begins with the prefix. Throws `compacted` when `at` is too old to be shown. */
  list(prefix: string, options?: ListOptions): Promise<Page>

  /**
   * Applies all operations, or none when an expectation fails. Durable when it resolves. A key may occur once only.
   * Throws `full` when there is no room; nothing was changed then.
   */
  commit(operations: readonly Operation[], expect?: readonly Expectation[]): Promise<CommitResult>

  /**
   * Every commit after revision `from` that touches the prefix: each once, in order, without gaps. Ends when the signal
   * aborts or the store closes. Throws `compacted` when `from` is too old: list again, then watch from that revision.
   */
  watch(prefix: string, from: Version, signal: AbortSignal): AsyncIterable<ChangeSet>

  /** Who holds the data and whether it can be written. */
  status(): Promise<StoreStatus>

  /** A consistent copy of everything, as the bytes of a file that this engine can be started on. */
  backup(): AsyncIterable<Uint8Array>

  /** Ends all watches and gives the files back. Idempotent. */
  close(): Promise<void>
}

/**
 * Why the store did not do what it was asked.
 * - `full`: no room on the disk; nothing was changed
 * - `unavailable`: surely not applied, worth another try
 * - `unknown`: perhaps applied
 * - `compacted`: the asked revision is no longer kept
 * - `locked`: another process holds the file
 * - `unusable`: the file cannot be opened, is damaged, or of a newer version
 * - `closed`: the store was closed
 * - `failed`: anything else
 */
export type StoreFailure =
  | 'full'
  | 'unavailable'
  | 'unknown'
  | 'compacted'
  | 'locked'
  | 'unusable'
  | 'closed'
  | 'failed'

/** The only error a store throws. The message may name files and is meant for the log, not for API clients. */
export class StoreError extends Error {
  readonly failure: StoreFailure

  constructor(failure: StoreFailure, message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'StoreError'
    this.failure = failure
  }
}
