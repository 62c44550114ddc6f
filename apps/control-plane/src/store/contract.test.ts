import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { openAt, openTemporary, pathOf } from './sqlite/test-engine.ts'
import { type ChangeSet, type Operation, type Store, StoreError, type Version } from './store.ts'

/** How the suite gets at an engine. */
interface Engine {
  readonly name: string
  /** A new, empty store that keeps only the last few revisions when asked so; closed and removed after the test. */
  open(t: TestContext, options?: { readonly keptRevisions?: number }): Promise<Store>
  /** Ends the store and opens the same data again. */
  reopen(t: TestContext, store: Store): Promise<Store>
}

const bytes = (text: string) => Buffer.from(text)
const put = (key: string, text: string): Operation => ({ put: key, value: bytes(text) })
const text = (value: Uint8Array | undefined) => value && Buffer.from(value).toString()

async function committed(store: Store, ...operations: Operation[]): Promise<Version> {
  const result = await store.commit(operations)
  assert.ok(result.committed)
  return result.revision
}

async function shown(store: Store, prefix: string, at?: Version): Promise<Record<string, string | undefined>> {
  const page = await store.list(prefix, at === undefined ? {} : { at })
  return Object.fromEntries(page.items.map((item) => [item.key, text(item.value)]))
}

async function take(changes: AsyncIterable<ChangeSet>, count: number): Promise<ChangeSet[]> {
  const taken: ChangeSet[] = []
  for await (const set of changes) {
    taken.push(set)
    if (taken.length === count) break
  }
  return taken
}

function failure(expected: string): (thrown: unknown) => boolean {
  return (thrown) => thrown instanceof StoreError && thrown.failure === expected
}

const engines: readonly Engine[] = [
  {
    name: 'sqlite',
    open: (t, { keptRevisions } = {}) =>
      openTemporary(t, keptRevisions === undefined ? {} : { retention: { revisions: keptRevisions, bytes: 1 << 20 } }),
    reopen: async (t, store) => {
      await store.close()
      return openAt(t, pathOf(store))
    },
  },
]

for (const engine of engines) {
  keysAndVersions(engine)
  commits(engine)
  lists(engine)
  watches(engine)
  lifetime(engine)
}

function keysAndVersions(engine: Engine): void {
  test(`${engine.name}: what was put is read back with the version of its last change`, async (t) => {
    const store = await engine.open(t)
    assert.equal(await store.get('a'), undefined)
    const first = await committed(store, put('a', '1'))
    assert.ok(first > 0n)
    const second = await committed(store, put('b', '2'))
    assert.ok(second > first)
    const item = await store.get('a')
    assert.equal(text(item?.value), '1')
    assert.equal(item?.version, first)
  })

  test(`${engine.name}: bytes of every value survive, none included`, async (t) => {
    const store = await engine.open(t)
    const all = Uint8Array.from({ length: 256 }, (_, value) => value)
    await store.commit([
      { put: 'all', value: all },
      { put: 'none', value: new Uint8Array() },
    ])
    assert.deepEqual([...((await store.get('all'))?.value ?? [])], [...all])
    assert.equal((await store.get('none'))?.value.byteLength, 0)
  })

  test(`${engine.name}: a key that was deleted and put again never gets an old version back`, async (t) => {
    const store = await engine.open(t)
    const before = await committed(store, put('a', '1'))
    await committed(store, { delete: 'a' })
    assert.equal(await store.get('a'), undefined)
    assert.ok((await committed(store, put('a', '1'))) > before)
  })
}

function commits(engine: Engine): void {
  test(`${engine.name}: a commit applies all operations under one revision`, async (t) => {
    const store = await engine.open(t)
    await committed(store, put('a', 'old'), put('b', 'old'))
    const revision = await committed(store, put('a', 'new'), { delete: 'b' }, put('c', 'new'))
    assert.deepEqual(await shown(store, ''), { a: 'new', c: 'new' })
    assert.equal((await store.get('a'))?.version, revision)
    assert.equal((await store.get('c'))?.version, revision)
  })

  test(`${engine.name}: a failed expectation changes nothing and names the version found`, async (t) => {
    const store = await engine.open(t)
    const version = await committed(store, put('a', '1'))
    const cases = [
      { expect: [{ key: 'a', version: version + 1n }], key: 'a', found: version },
      { expect: [{ key: 'a', version: 0n }], key: 'a', found: version },
      { expect: [{ key: 'b', version: 7n }], key: 'b', found: 0n },
      {
        expect: [
          { key: 'a', version },
          { key: 'b', version },
        ],
        key: 'b',
        found: 0n,
      },
    ]
    for (const { expect, key, found } of cases) {
      const result = await store.commit([put('a', '2'), put('x', '2')], expect)
      assert.deepEqual(result, { committed: false, key, version: found })
    }
    assert.deepEqual(await shown(store, ''), { a: '1' })
  })

  test(`${engine.name}: of many who expect the same version exactly one wins`, async (t) => {
    const store = await engine.open(t)
    const version = await committed(store, put('a', 'start'))
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, n) => store.commit([put('a', `${n}`)], [{ key: 'a', version }])),
    )
    assert.equal(results.filter((result) => result.committed).length, 1)
  })

  test(`${engine.name}: deleting what is not there is no change`, async (t) => {
    const store = await engine.open(t)
    const revision = await committed(store, put('a', '1'))
    assert.equal(await committed(store, { delete: 'b' }), revision)
  })

  test(`${engine.name}: a key twice in one commit is a mistake of the caller`, async (t) => {
    const store = await engine.open(t)
    await assert.rejects(store.commit([put('a', '1'), { delete: 'a' }]), TypeError)
    assert.equal(await store.get('a'), undefined)
  })
}

function lists(engine: Engine): void {
  test(`${engine.name}: a list holds exactly the keys of its prefix, in byte order`, async (t) => {
    const store = await engine.open(t)
    const keys = ['e/a', 'e/B', 'e/a0', 'e/é', 'e/z', 'e/\u{1f600}', 'e/\uffff', 'e', 'e0', 'd/z', 'f/a']
    await committed(store, ...keys.map((key) => put(key, key)))
    const page = await store.list('e/')
    const expected = keys.filter((key) => key.startsWith('e/')).sort((a, b) => Buffer.compare(bytes(a), bytes(b)))
    assert.deepEqual(
      page.items.map((item) => item.key),
      expected,
    )
    assert.equal(page.more, false)
  })

  test(`${engine.name}: pages at one revision show one state, whatever is written between them`, async (t) => {
    const store = await engine.open(t)
    await committed(store, put('k/1', 'a'), put('k/2', 'a'), put('k/3', 'a'), put('k/4', 'a'))
    const first = await store.list('k/', { limit: 2 })
    assert.equal(first.more, true)
    await committed(store, put('k/3', 'b'))
    await committed(store, { delete: 'k/4' }, put('k/25', 'b'))
    await committed(store, put('k/3', 'c'))
    const second = await store.list('k/', { limit: 2, after: 'k/2', at: first.revision })
    assert.deepEqual(
      second.items.map((item) => [item.key, text(item.value)]),
      [
        ['k/3', 'a'],
        ['k/4', 'a'],
      ],
    )
    assert.equal(second.more, false)
    assert.equal(second.revision, first.revision)
    assert.deepEqual(await shown(store, 'k/'), { 'k/1': 'a', 'k/2': 'a', 'k/25': 'b', 'k/3': 'c' })
  })

  test(`${engine.name}: a revision that is no longer kept is refused, not shown wrongly`, async (t) => {
    const store = await engine.open(t, { keptRevisions: 3 })
    const old = await committed(store, put('a', '0'))
    for (let n = 1; n < 8; n++) await committed(store, put('a', `${n}`))
    await assert.rejects(store.list('', { at: old }), failure('compacted'))
  })

  test(`${engine.name}: any revision shows what a plain replay of the commits shows`, async (t) => {
    const operation = fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd'), value: fc.option(fc.nat(9)) })
    const history = fc.array(fc.uniqueArray(operation, { minLength: 1, maxLength: 3, selector: (o) => o.key }), {
      maxLength: 12,
    })
    const store = await engine.open(t)
    await fc.assert(
      fc.asyncProperty(history, async (batches) => {
        await store.commit((await store.list('')).items.map((item) => ({ delete: item.key })))
        const states: [Version, Record<string, string>][] = []
        let state: Record<string, string> = {}
        for (const batch of batches) {
          const operations = batch.map(({ key, value }) => (value === null ? { delete: key } : put(key, `${value}`)))
          const next = { ...state }
          for (const { key, value } of batch) {
            if (value === null) delete next[key]
            else next[key] = `${value}`
          }
          state = next
          states.push([await committed(store, ...operations), state])
        }
        for (const [revision, expected] of states) assert.deepEqual(await shown(store, '', revision), expected)
      }),
      { numRuns: 30 },
    )
  })
}

function watches(engine: Engine): void {
  test(`${engine.name}: a watch gives each commit once, in order, with the value of that time`, async (t) => {
    const store = await engine.open(t)
    const from = await committed(store, put('w/a', '0'))
    await committed(store, put('w/a', '1'))
    await committed(store, put('other', 'x'))
    await committed(store, { delete: 'w/a' }, put('w/b', '2'))
    const watching = take(store.watch('w/', from, new AbortController().signal), 4)
    await committed(store, put('w/a', '3'))
    await committed(store, put('w/a', '4'))
    const seen = (await watching).map((set) => set.changes.map(({ key, value }) => [key, text(value)]))
    assert.deepEqual(seen, [
      [['w/a', '1']],
      [
        ['w/a', undefined],
        ['w/b', '2'],
      ],
      [['w/a', '3']],
      [['w/a', '4']],
    ])
  })

  test(`${engine.name}: a watch under constant writing misses nothing`, async (t) => {
    const store = await engine.open(t)
    const { revision } = await store.list('')
    const watching = take(store.watch('n/', revision, new AbortController().signal), 50)
    for (let n = 0; n < 50; n++) {
      await committed(store, put('n/x', `${n}`))
      await committed(store, put('m/x', `${n}`))
    }
    const seen = (await watching).flatMap((set) => set.changes.map(({ value }) => Number(text(value))))
    assert.deepEqual(
      seen,
      Array.from({ length: 50 }, (_, n) => n),
    )
  })

  test(`${engine.name}: an idle watch survives more unrelated commits than are kept`, async (t) => {
    const store = await engine.open(t, { keptRevisions: 3 })
    const { revision } = await store.list('')
    const watching = take(store.watch('w/', revision, new AbortController().signal), 1)
    for (let n = 0; n < 10; n++) {
      await committed(store, put('other', `${n}`))
      await new Promise(setImmediate)
    }
    await committed(store, put('w/a', 'seen'))
    assert.equal(text((await watching)[0]?.changes[0]?.value), 'seen')
  })

  test(`${engine.name}: a watch from a revision that is no longer kept says so`, async (t) => {
    const store = await engine.open(t, { keptRevisions: 3 })
    const old = await committed(store, put('a', '0'))
    for (let n = 0; n < 8; n++) await committed(store, put('a', `${n}`))
    await assert.rejects(take(store.watch('', old, new AbortController().signal), 1), failure('compacted'))
  })

  test(`${engine.name}: a watch ends when its signal aborts, and when the store closes`, async (t) => {
    const store = await engine.open(t)
    const abort = new AbortController()
    const stopped = take(store.watch('', 0n, abort.signal), 1)
    const orphaned = take(store.watch('', 0n, new AbortController().signal), 1)
    abort.abort()
    assert.deepEqual(await stopped, [])
    await store.close()
    assert.deepEqual(await orphaned, [])
  })
}

function lifetime(engine: Engine): void {
  test(`${engine.name}: everything is there after closing and opening again, and versions go on`, async (t) => {
    const store = await engine.open(t)
    await committed(store, put('a', '1'), put('b', '2'))
    const last = await committed(store, put('a', '3'))
    const again = await engine.reopen(t, store)
    assert.deepEqual(await shown(again, ''), { a: '3', b: '2' })
    assert.equal((await again.get('a'))?.version, last)
    assert.ok((await committed(again, put('c', '4'))) > last)
    assert.equal((await again.list('', { at: last })).items.length, 2)
  })

  test(`${engine.name}: a closed store refuses, and closing twice is harmless`, async (t) => {
    const store = await engine.open(t)
    await store.close()
    await store.close()
    await assert.rejects(store.get('a'), failure('closed'))
    await assert.rejects(store.commit([put('a', '1')]), failure('closed'))
  })

  test(`${engine.name}: the status counts bytes and names one healthy member`, async (t) => {
    const store = await engine.open(t)
    const status = await store.status()
    assert.equal(status.quorum, true)
    assert.ok(status.bytes > 0)
    assert.ok(status.members.some((member) => member.id === status.node && member.healthy))
  })
}
