import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { broken, anyDocument as document, makePool, refusing, turns } from '../testing/worker-pool.ts'
import type { Verdict } from './protocol.ts'

describe('a snapshot', () => {
  test('runs in all workers as soon as the last of them has prepared it, and in none before', async (t) => {
    const { pool, workers, applied, lines } = makePool(t)
    await pool.open()
    const slow = Promise.withResolvers<void>()
    const { worker } = workers
    const prepared = worker(2)
    prepared.behaviour = {
      prepare: async (text) => {
        await slow.promise
        prepared.behaviour = {}
        return prepared.ask('prepare', text)
      },
    }
    const first = document()
    const outcome = pool.apply(first)
    await turns()
    assert.deepEqual([worker(1).serves, worker(2).serves], [undefined, undefined])
    assert.deepEqual(worker(1).orders, ['init', 'ticketSecret', 'prepare'])
    slow.resolve()
    assert.equal((await outcome).result, 'ok')
    assert.deepEqual([worker(1).serves, worker(2).serves], [first.hash, first.hash])
    assert.equal(pool.identity?.id, first.id)
    assert.equal(applied.length, 1)
    assert.equal(lines.filter(({ msg }) => msg === 'snapshot applied').length, 1)
  })

  test('that one worker refuses runs in none, and each problem is told once', async (t) => {
    const { pool, workers, applied } = makePool(t, 3)
    await pool.open()
    const good = document()
    await pool.apply(good)
    for (const index of [2, 3]) workers.worker(index).behaviour = refusing(broken)
    const outcome = await pool.apply(document())
    assert.deepEqual([outcome.result, outcome.problems], ['error', [broken]])
    assert.deepEqual(applied.at(-1), outcome)
    assert.deepEqual(
      [1, 2, 3].map((index) => workers.worker(index).serves),
      [good.hash, good.hash, good.hash],
    )
    assert.equal(workers.worker(1).orders.at(-1), 'discard')
    assert.equal(pool.identity?.id, good.id)
    for (const index of [2, 3]) workers.worker(index).behaviour = {}
    const next = document()
    assert.equal((await pool.apply(next)).result, 'ok')
    assert.equal(workers.worker(1).serves, next.hash)
  })

  test('over which a worker ends is prepared once more by all, its replacement included', async (t) => {
    const { pool, workers } = makePool(t)
    await pool.open()
    await pool.apply(document())
    const dying = workers.worker(2)
    dying.behaviour = {
      prepare: async () => {
        dying.die()
        return { kind: 'ready' }
      },
    }
    const next = document()
    assert.equal((await pool.apply(next)).result, 'ok')
    assert.notEqual(workers.worker(2), dying)
    assert.deepEqual([workers.worker(1).serves, workers.worker(2).serves], [next.hash, next.hash])
    assert.deepEqual(workers.worker(1).orders.slice(-3), ['discard', 'prepare', 'commit'])
  })

  test('over which workers end twice is refused, and those that come get what ran before', async (t) => {
    const { pool, workers, clock } = makePool(t)
    await pool.open()
    const good = document()
    await pool.apply(good)
    const bad = document()
    const deadly = (index: number) => ({
      prepare: async (text: string): Promise<Verdict> => {
        const worker = workers.worker(index)
        if (text.includes(bad.hash)) worker.die()
        worker.behaviour = {}
        return worker.ask('prepare', text)
      },
    })
    workers.behave(deadly)
    workers.worker(2).behaviour = deadly(2)
    const outcome = await pool.apply(bad)
    assert.equal(outcome.result, 'error')
    assert.match(outcome.problems[0]?.message ?? '', /a worker process ended while it prepared the snapshot/)
    assert.deepEqual(outcome.problems[0]?.entity, { kind: 'snapshot', id: bad.id })
    assert.equal(workers.worker(1).serves, good.hash)
    clock.advance(1000)
    await turns()
    assert.equal(workers.worker(2).serves, good.hash)
    assert.equal(pool.identity?.id, good.id)
  })

  test('that a worker fails to prepare costs the worker, as nobody knows what it left behind', async (t) => {
    const { pool, workers, lines } = makePool(t)
    await pool.open()
    const failing = workers.worker(1)
    failing.behaviour = { prepare: () => Promise.reject(new Error('out of ideas')) }
    const next = document()
    assert.equal((await pool.apply(next)).result, 'ok')
    assert.equal(failing.alive, false)
    assert.match(JSON.stringify(lines.find(({ msg }) => msg === 'worker failed: killed')), /out of ideas/)
    assert.deepEqual([workers.worker(1).serves, workers.worker(2).serves], [next.hash, next.hash])
  })

  test('runs also when a worker ends at the very change: its replacement gets it', async (t) => {
    const { pool, workers } = makePool(t)
    await pool.open()
    await pool.apply(document())
    const dying = workers.worker(1)
    dying.behaviour = {
      commit: async () => {
        dying.die()
        return dying.committed()
      },
    }
    const next = document()
    assert.equal((await pool.apply(next)).result, 'ok')
    await turns()
    assert.notEqual(workers.worker(1), dying)
    assert.deepEqual([workers.worker(1).serves, workers.worker(2).serves], [next.hash, next.hash])
  })

  test('that ends all workers at the change is refused, and the earlier one comes back', async (t) => {
    const { pool, workers } = makePool(t)
    await pool.open()
    const good = document()
    await pool.apply(good)
    for (const index of [1, 2]) {
      const worker = workers.worker(index)
      worker.behaviour = {
        commit: async () => {
          worker.die()
          return worker.committed()
        },
      }
    }
    const outcome = await pool.apply(document())
    assert.equal(outcome.result, 'error')
    assert.match(outcome.problems[0]?.message ?? '', /all worker processes ended/)
    await turns()
    assert.deepEqual([workers.worker(1).serves, workers.worker(2).serves], [good.hash, good.hash])
  })

  test('of the same content is nothing to the workers; only its name is another one', async (t) => {
    const { pool, workers } = makePool(t)
    await pool.open()
    const first = document()
    await pool.apply(first)
    const before = [...workers.worker(1).orders]
    assert.deepEqual(await pool.apply({ ...first, id: 'again', seq: 7 }), { result: 'ok', problems: [], applyMs: 0 })
    assert.deepEqual(workers.worker(1).orders, before)
    assert.deepEqual([pool.identity?.id, pool.identity?.seq], ['again', 7])
  })

  test('waits for the first worker when none is there', async (t) => {
    const { pool, workers, clock } = makePool(t, 1)
    await pool.open()
    for (let n = 0; n < 4; n++) {
      workers.worker(1).die()
      await turns()
    }
    const outcome = pool.apply(document())
    await turns()
    assert.equal(pool.workers.serving, 0)
    clock.advance(1000)
    assert.equal((await outcome).result, 'ok')
  })

  test('is refused when no worker comes', async (t) => {
    const { pool, workers, clock } = makePool(t, 1)
    await pool.open()
    workers.behave(() => ({ init: () => new Promise(() => undefined) }))
    workers.worker(1).die()
    const outcome = pool.apply(document())
    await turns()
    clock.advance(30_000)
    assert.equal((await outcome).result, 'error')
  })
})
