import type { Database } from 'better-sqlite3'
import { StoreError } from '../store.ts'

/** Marks the file as ours ("VRTA"), so that another program's database is never written to. */
const applicationId = 0x56525441

/**
 * Entry n brings a file from version n to n + 1. Entries are never changed once released.
 *
 * `kv` is the present. `log` is an undo log: for each change the state that it replaced, from which older states and the
 * changes themselves can be read. `counter` holds the newest revision and the newest one that the log no longer covers.
 */
const migrations: readonly string[] = [
  `CREATE TABLE kv (key TEXT PRIMARY KEY, version INTEGER NOT NULL, value BLOB NOT NULL);
   CREATE TABLE log (
     revision INTEGER NOT NULL, key TEXT NOT NULL, old_version INTEGER, old_value BLOB,
     PRIMARY KEY (revision, key)
   );
   CREATE INDEX log_by_key ON log (key, revision);
   CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
   INSERT INTO counter VALUES ('revision', 0), ('compacted', 0);`,
]

/**
 * Brings the file to the newest form, in one transaction. Throws `unusable` for a file of a newer version of the program
 * or of another program; the file is left as it was.
 */
export function migrate(db: Database, path: string): void {
  const found = Number(db.pragma('application_id', { simple: true }))
  const version = Number(db.pragma('user_version', { simple: true }))
  const tables = db.prepare('SELECT count(*) FROM sqlite_master').pluck().get()
  if (found !== applicationId && (found !== 0 || tables !== 0)) {
    throw new StoreError('unusable', `${path} is a database of another program`)
  }
  if (version > migrations.length) {
    throw new StoreError('unusable', `${path} was written by a newer version (format ${version})`)
  }
  db.transaction(() => {
    for (const step of migrations.slice(version)) db.exec(step)
    db.pragma(`user_version = ${migrations.length}`)
    db.pragma(`application_id = ${applicationId}`)
  }).immediate()
}
