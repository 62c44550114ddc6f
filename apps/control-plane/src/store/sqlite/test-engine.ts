import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Store } from '../store.ts'
import { openSqliteStore, type SqliteOptions } from './sqlite-store.ts'

/** For tests: stores in temporary directories, closed and removed after the test. */
const paths = new WeakMap<Store, string>()

/** For tests: a directory that is removed after the test. */
export async function temporaryDirectory(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'vrata-store-'))
  t.after(() => rm(path, { recursive: true, force: true }))
  return path
}

/** For tests: a store on this file, closed after the test. */
export function openAt(t: TestContext, path: string, options?: SqliteOptions): Store {
  const store = openSqliteStore(path, options)
  paths.set(store, path)
  t.after(() => store.close())
  return store
}

/** For tests: a store in a directory of its own. */
export async function openTemporary(t: TestContext, options?: SqliteOptions): Promise<Store> {
  return openAt(t, join(await temporaryDirectory(t), 'data', 'vrata.db'), options)
}

/** For tests: the file of a store that was opened here. */
export function pathOf(store: Store): string {
  return paths.get(store) ?? ''
}
