import { chmodSync, closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { messageOf } from '@vrata/service'
import Database from 'better-sqlite3'
import { StoreError } from '../store.ts'
import { toStoreError } from './failures.ts'
import { migrate } from './migrations.ts'

/** How long another process may hold the file before opening gives up, in milliseconds. */
const lockTimeout = 4000

/** What a test may turn; the program uses the defaults. */
export interface OpenOptions {
  /** How long to wait for another process, in milliseconds. */
  readonly lockTimeout?: number
  /** Ceiling of the file in pages of 4 KiB, beyond which writes fail as on a full disk. */
  readonly maxPages?: number
}

/**
 * Opens the file for this process alone, creating it and its directory (files 0600, directory 0700), in the newest form.
 * Blocks for up to the lock timeout. Throws `locked` or `unusable`, with a sentence that names the file.
 */
export function openDatabase(path: string, options: OpenOptions = {}): Database.Database {
  createPrivately(path)
  let db: Database.Database | undefined
  try {
    db = new Database(path, { timeout: options.lockTimeout ?? lockTimeout })
    // One process per file: two would each follow only their own changes. The lock dies with the process.
    db.pragma('locking_mode = EXCLUSIVE')
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = FULL')
    db.pragma(`journal_size_limit = ${64 * 1024 * 1024}`)
    migrate(db, path)
    if (options.maxPages !== undefined) db.pragma(`max_page_count = ${options.maxPages}`)
    return db
  } catch (thrown) {
    db?.close()
    throw openingError(path, thrown)
  }
}

/** What kept a file from being opened, in a sentence that names it. */
export function openingError(path: string, thrown: unknown): StoreError {
  const error = toStoreError(thrown)
  if (!(error instanceof StoreError))
    return new StoreError('unusable', `cannot open ${path}: ${String(thrown)}`, thrown)
  if (error.failure === 'locked') return new StoreError('locked', `another process holds ${path}`, thrown)
  return error.message.includes(path) ? error : new StoreError(error.failure, `${path}: ${error.message}`, thrown)
}

/** SQLite gives its side files the mode of the main one, so it is enough to make that one private. */
function createPrivately(path: string): void {
  try {
    createDirectory(dirname(path))
    closeSync(openSync(path, 'a', 0o600))
    chmodSync(path, 0o600)
  } catch (thrown) {
    throw new StoreError('unusable', `cannot create ${path}: ${messageOf(thrown)}`, thrown)
  }
}

/** One directory after the other: the recursion of Node never ends where the system denies that a name can exist. */
function createDirectory(path: string): void {
  if (existsSync(path)) return
  createDirectory(dirname(path))
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (thrown) {
    if (!existsSync(path)) throw thrown // else another process was faster
  }
}
