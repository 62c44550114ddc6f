import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import Database from 'better-sqlite3'
import { StoreError } from '../store.ts'
import { openSqliteStore } from './sqlite-store.ts'
import { openAt, openTemporary, pathOf, temporaryDirectory } from './test-engine.ts'

const failure = (expected: string, words?: RegExp) => (thrown: unknown) =>
  thrown instanceof StoreError && thrown.failure === expected && (words?.test(thrown.message) ?? true)

test('the directory is created and every file is private', async (t) => {
  const store = await openTemporary(t)
  await store.commit([{ put: 'a', value: Buffer.from('1') }])
  const folder = join(pathOf(store), '..')
  const files = await readdir(folder)
  assert.ok(files.includes('vrata.db-wal'))
  for (const file of files) assert.equal((await stat(join(folder, file))).mode & 0o777, 0o600, file)
})

test('a file that is too open is made private', async (t) => {
  const path = join(await temporaryDirectory(t), 'vrata.db')
  await writeFile(path, '', { mode: 0o644 })
  openAt(t, path)
  assert.equal((await stat(path)).mode & 0o777, 0o600)
})

test('the file is in write-ahead mode', async (t) => {
  const store = await openTemporary(t)
  await store.close()
  const db = new Database(pathOf(store))
  assert.equal(db.pragma('journal_mode', { simple: true }), 'wal')
  db.close()
})

test('a file held by someone else is refused in time, with a sentence that says so', async (t) => {
  const path = join(await temporaryDirectory(t), 'vrata.db')
  openAt(t, path)
  const started = performance.now()
  assert.throws(
    () => openSqliteStore(path, { lockTimeout: 200 }),
    failure('locked', /another process holds .*vrata\.db/),
  )
  assert.ok(performance.now() - started < 60_000)
})

const foreign: readonly { name: string; prepare: (path: string) => Promise<void> | void; words: RegExp }[] = [
  { name: 'text', prepare: (path) => writeFile(path, 'no database at all, '.repeat(300)), words: /not a database/ },
  {
    name: "another program's database",
    prepare: (path) => void new Database(path).exec('CREATE TABLE theirs (a)').close(),
    words: /another program/,
  },
  {
    name: 'a file of a newer version',
    prepare: (path) => {
      openSqliteStore(path).close()
      const db = new Database(path)
      db.pragma('user_version = 99')
      db.close()
    },
    words: /newer version/,
  },
]
for (const { name, prepare, words } of foreign) {
  test(`${name} is refused and left alone`, async (t) => {
    const path = join(await temporaryDirectory(t), 'vrata.db')
    await prepare(path)
    const before = (await stat(path)).size
    assert.throws(() => openSqliteStore(path), failure('unusable', words))
    assert.equal((await stat(path)).size, before)
  })
}

test('a path that cannot be created is refused with its name', async (t) => {
  const path = await temporaryDirectory(t)
  await writeFile(join(path, 'file'), '')
  assert.throws(() => openSqliteStore(join(path, 'file', 'vrata.db')), failure('unusable', /cannot create .*vrata\.db/))
})

test('a file that is damaged beyond its first page is refused with its name', async (t) => {
  const store = await openTemporary(t)
  for (let n = 0; n < 50; n++) await store.commit([{ put: `k${n}`, value: Buffer.alloc(3000) }])
  await store.close()
  const file = await open(pathOf(store), 'r+')
  await file.write(Buffer.alloc(60_000, 0xaa), 0, 60_000, 8192)
  await file.close()
  assert.throws(() => openSqliteStore(pathOf(store)), failure('unusable', /vrata\.db: the database is damaged/))
})

test('a directory that the system does not let be made is refused with the name of the file', () => {
  assert.throws(
    () => openSqliteStore('/proc/none/vrata.db'),
    failure('unusable', /cannot create \/proc\/none\/vrata\.db/),
  )
})

test('on a full disk a commit fails as a whole, and smaller ones go on', async (t) => {
  const store = await openTemporary(t, { maxPages: 40 })
  await store.commit([{ put: 'small', value: Buffer.from('1') }])
  const large = { put: 'large', value: Buffer.alloc(400_000) }
  await assert.rejects(store.commit([{ put: 'small', value: Buffer.from('2') }, large]), failure('full'))
  assert.equal(Buffer.from((await store.get('small'))?.value ?? []).toString(), '1')
  assert.ok((await store.commit([{ put: 'small', value: Buffer.from('3') }])).committed)
})

test('a full disk has room again after deleting, at the cost of the past', async (t) => {
  const store = await openTemporary(t, { maxPages: 60 })
  await store.commit([{ put: 'large', value: Buffer.alloc(150_000) }])
  const { revision } = await store.list('')
  const watch = store.watch('', revision, new AbortController().signal)[Symbol.asyncIterator]()
  assert.ok((await store.commit([{ delete: 'large' }])).committed)
  await assert.rejects(watch.next(), failure('compacted'))
  assert.ok((await store.commit([{ put: 'again', value: Buffer.alloc(150_000) }])).committed)
  assert.equal((await store.list('')).items.length, 1)
  await store.close()
  const reopened = openAt(t, pathOf(store))
  await assert.rejects(reopened.list('', { at: revision }), failure('compacted'))
  assert.equal((await reopened.get('again'))?.value.byteLength, 150_000)
})

test('replaced values are kept only up to the given size', async (t) => {
  const store = await openTemporary(t, { retention: { revisions: 1000, bytes: 10_000 } })
  for (let n = 0; n < 20; n++) await store.commit([{ put: 'a', value: Buffer.alloc(4000, n) }])
  const { revision } = await store.list('')
  assert.equal((await store.list('', { at: revision - 1n })).items[0]?.value[0], 18)
  await assert.rejects(store.list('', { at: revision - 10n }), failure('compacted'))
})

test('a backup is a file that a store can be opened on, private while it is made', async (t) => {
  const store = await openTemporary(t)
  await store.commit([{ put: 'a', value: Buffer.alloc(200_000, 7) }])
  const chunks: Uint8Array[] = []
  for await (const chunk of store.backup()) chunks.push(chunk)
  const path = join(await temporaryDirectory(t), 'copy.db')
  await writeFile(path, Buffer.concat(chunks))
  assert.equal((await openAt(t, path).get('a'))?.value[199_999], 7)
  assert.deepEqual((await readdir(join(pathOf(store), '..'))).sort(), ['vrata.db', 'vrata.db-wal'])
})

test('a process killed in the middle of a commit loses nothing that it had confirmed', async (t) => {
  const path = join(await temporaryDirectory(t), 'vrata.db')
  const program = `
    const { openSqliteStore } = await import(${JSON.stringify(new URL('./sqlite-store.ts', import.meta.url).href)})
    const store = openSqliteStore(${JSON.stringify(path)})
    for (let n = 1; ; n++) {
      await store.commit([{ put: 'n', value: Buffer.from(String(n)) }, { put: 'same', value: Buffer.from(String(n)) }])
      process.stdout.write(n + '\\n')
    }`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk
    if (output.length > 200) child.kill('SIGKILL')
  })
  await once(child, 'close')
  const confirmed = Number(output.trimEnd().split('\n').at(-1))
  const store = openAt(t, path)
  const found = Number(Buffer.from((await store.get('n'))?.value ?? []).toString())
  assert.ok(found >= confirmed, `confirmed ${confirmed}, found ${found}`)
  assert.equal(Number(Buffer.from((await store.get('same'))?.value ?? []).toString()), found)
  assert.equal((await store.list('')).revision, BigInt(found))
})
