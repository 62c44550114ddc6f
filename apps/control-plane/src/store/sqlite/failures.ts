import Database from 'better-sqlite3'
import { StoreError } from '../store.ts'

/** Reads SQLite's error codes; the only place that knows them. Other errors pass unchanged. */
export function toStoreError(thrown: unknown): unknown {
  if (thrown instanceof StoreError) return thrown
  if (thrown instanceof TypeError && /database connection is not open/.test(thrown.message)) {
    return new StoreError('closed', 'the store is closed', thrown)
  }
  if (!(thrown instanceof Database.SqliteError)) return thrown
  const { code, message } = thrown
  if (isFull(thrown)) return new StoreError('full', 'the disk is full', thrown)
  if (code.startsWith('SQLITE_BUSY')) return new StoreError('locked', 'another process holds the database', thrown)
  if (code.startsWith('SQLITE_CORRUPT'))
    return new StoreError('unusable', `the database is damaged: ${message}`, thrown)
  if (code.startsWith('SQLITE_NOTADB')) return new StoreError('unusable', 'the file is not a database', thrown)
  return new StoreError('failed', `${code}: ${message}`, thrown)
}

/** Whether there was no room for a write. */
export function isFull(thrown: unknown): boolean {
  return thrown instanceof Database.SqliteError && thrown.code === 'SQLITE_FULL'
}
