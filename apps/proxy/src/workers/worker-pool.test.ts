import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Problem } from '@vrata/model'
import { Counter, Registry } from 'prom-client'
import { broken, anyDocument as document, makePool, refusing, turns } from '../testing/worker-pool.ts'

const unbound: Problem = {
  entity: { kind: 'listener', id: 'l' },
  pointer: '/port',
  message: 'in use',
  severity: 'error',
}

describe('a worker', () => {
  test('that ends is replaced at once by one that runs what the others run; they notice nothing', async (t) => {
    const { pool, workers, lines } = makePool(t)
    await pool.open()
    const running = document()
    await pool.apply(running)
    const orders = [...workers.worker(2).orders]
    workers.worker(1).die('SIGKILL')
    await turns()
    assert.equal(workers.all.length, 3)
    assert.equal(workers.worker(1).serves, running.hash)
    assert.deepEqual(workers.worker(1).orders, ['init', 'ticketSecret', 'prepare', 'commit'])
    assert.deepEqual(workers.worker(2).orders, orders)
    const ended = lines.find(({ msg }) => msg === 'worker ended')
    assert.deepEqual([ended?.['worker'], ended?.['reason'], ended?.['restartMs']], [1, 'SIGKILL', 0])
    assert.deepEqual(pool.workers, { wanted: 2, serving: 2 })
  })

  test('has the secret of session tickets that all have, also after another one was made', async (t) => {
    const { pool, workers, clock } = makePool(t)
    const secrets: { readonly index: number; readonly secret: string }[] = []
    workers.behave((index) => ({
      ticketSecret: async (secret) => void secrets.push({ index, secret: Buffer.from(secret).toString('hex') }),
    }))
    await pool.open()
    await turns()
    workers.worker(1).die()
    await turns()
    const first = secrets.splice(0)
    assert.deepEqual(first.map(({ index }) => index).sort(), [1, 1, 2])
    clock.advance(12 * 3_600_000)
    await turns()
    const second = secrets.filter(({ secret }) => secret !== first[0]?.secret)
    assert.deepEqual(new Set(second.map(({ index }) => index)), new Set([1, 2]))
    for (const [all, count] of [
      [first, 1],
      [second, 1],
    ] as const) {
      assert.equal(new Set(all.map(({ secret }) => secret)).size, count)
    }
  })

  test('that keeps ending is started less and less often, and the number of ends is logged', async (t) => {
    const { pool, workers, clock, lines } = makePool(t)
    await pool.open()
    await pool.apply(document())
    const ends = () => lines.filter(({ msg, worker }) => msg === 'worker ended' && worker === 1)
    for (const pause of [0, 100, 200, 400]) {
      workers.worker(1).die()
      await turns()
      assert.equal(ends().at(-1)?.['restartMs'], pause)
      const before = workers.all.length
      clock.advance(pause - 1)
      await turns()
      if (pause > 0) assert.equal(workers.all.length, before, `not before ${pause} ms`)
      clock.advance(1)
      await turns()
    }
    assert.equal(workers.worker(1).alive, true)
    assert.equal(ends().at(-1)?.['endedLastHour'], 4)
    assert.equal(workers.all.filter(({ index }) => index === 2).length, 1)
  })

  test('that gives no sign of life for half a minute is killed and replaced', async (t) => {
    const { pool, workers, clock } = makePool(t)
    await pool.open()
    const running = document()
    await pool.apply(running)
    const stuck = workers.worker(2)
    stuck.behaviour = { ping: () => new Promise(() => undefined) }
    for (let n = 0; n < 6; n++) {
      clock.advance(5_000)
      await turns()
    }
    assert.equal(stuck.alive, true)
    clock.advance(5_000)
    await turns()
    assert.equal(stuck.alive, false)
    assert.equal(workers.worker(2).serves, running.hash)
    assert.equal(workers.worker(1).alive, true)
  })

  test('that refuses what the others run is not left there without', async (t) => {
    const { pool, workers, lines } = makePool(t)
    await pool.open()
    await pool.apply(document())
    workers.behave((_index, life) => (life === 2 ? refusing(broken) : {}))
    const [, second] = workers.all
    second?.die()
    await turns()
    assert.ok(lines.some(({ msg }) => msg === 'worker refuses what the others run'))
    assert.equal(workers.all.filter(({ index }) => index === 2).length, 2)
    assert.equal(workers.worker(2).alive, false)
    assert.deepEqual(pool.workers, { wanted: 2, serving: 1 })
  })

  test('that cannot begin does not keep the pool from opening as long as another one can', async (t) => {
    const { pool, workers, clock } = makePool(t)
    workers.behave((index, life) =>
      index === 1 && life < 3 ? { init: () => Promise.reject(new Error('not today')) } : {},
    )
    await pool.open()
    const first = document()
    assert.equal((await pool.apply(first)).result, 'ok')
    clock.advance(100)
    await turns()
    assert.equal(workers.worker(1).serves, first.hash)
  })

  test('must be there: a pool in which none can begin does not open', async (t) => {
    const { pool, workers } = makePool(t)
    workers.behave(() => ({ init: () => Promise.reject(new Error('not today')) }))
    await assert.rejects(pool.open(), /no worker process could be started: not today/)
  })

  test('that the system cannot make now is made later', async (t) => {
    const { pool, workers, clock, lines } = makePool(t)
    await pool.open()
    const running = document()
    await pool.apply(running)
    const begun = workers.all.length
    workers.behave(() => {
      throw new Error('spawn ENOMEM')
    })
    workers.worker(1).die()
    await turns()
    assert.ok(lines.some(({ msg, reason }) => msg === 'worker ended' && reason === 'spawn ENOMEM'))
    assert.deepEqual(pool.workers, { wanted: 2, serving: 1 })
    workers.behave(() => ({}))
    clock.advance(30_000)
    await turns()
    assert.equal(workers.all.length, begun + 1)
    assert.equal(workers.worker(1).serves, running.hash)
  })
})

describe('listeners that are not bound', () => {
  test('degrade the snapshot, once for all workers, and the change is told', async (t) => {
    const { pool, workers, told } = makePool(t)
    await pool.open()
    for (const index of [1, 2]) workers.worker(index).problems = [unbound]
    const outcome = await pool.apply(document())
    assert.deepEqual([outcome.result, outcome.problems], ['degraded', [unbound]])
    assert.deepEqual(told, [], 'the outcome itself says it')
    workers.worker(1).tell([])
    assert.deepEqual([pool.state.result, told], ['degraded', []], 'it is not over as long as one worker has it')
    workers.worker(2).tell([])
    assert.deepEqual([pool.state.result, told], ['ok', ['ok']])
  })

  test('of a replacement are told as well', async (t) => {
    const { pool, workers, told } = makePool(t)
    await pool.open()
    await pool.apply(document())
    workers.behave((index) => ({ commit: async () => ({ ...workers.worker(index).committed(), problems: [unbound] }) }))
    workers.worker(1).die()
    await turns()
    assert.deepEqual([pool.state.result, told], ['degraded', ['degraded']])
  })
})

describe('who looks at the pool', () => {
  test('sees connections, endpoints and the configuration of all workers as those of one', async (t) => {
    const { pool, clock } = makePool(t)
    await pool.open()
    assert.deepEqual(await pool.config(true), { snapshot: null })
    const { id, name, hash } = document()
    await pool.apply({ ...document(), id, name, hash, seq: 3 })
    clock.advance(5_000)
    await turns()
    assert.equal(pool.connections, 30)
    assert.deepEqual(await pool.endpoints(), [{ destination: 'd', endpoints: [{ address: 'a:1', inFlight: 2 }] }])
    const summary = {
      snapshot: { id, name, hash, seq: 3 },
      counts: { listeners: 1, routes: 2, destinations: 3, middlewares: 4 },
    }
    assert.deepEqual(await pool.config(false), summary)
    assert.deepEqual(await pool.config(true), { ...summary, config: { listeners: [] } })
  })

  test('never sees a counter fall, whatever happens to the workers', async (t) => {
    const { pool, workers, clock } = makePool(t)
    await pool.open()
    const counting = (value: number) => ({
      metrics: async () => {
        const registry = new Registry()
        new Counter({ name: 'requests_total', help: 'Requests.', registers: [registry] }).inc(value)
        return registry.getMetricsAsJSON()
      },
    })
    const count = async () => {
      const { body } = await pool.scrape(new Registry())
      return Number(/^requests_total (\d+)$/m.exec(body)?.[1])
    }
    workers.behave(() => counting(1))
    workers.worker(1).behaviour = counting(10)
    workers.worker(2).behaviour = counting(20)
    assert.equal(await count(), 30)
    workers.worker(2).die()
    assert.equal(await count(), 30)
    await turns()
    assert.equal(await count(), 31)
    workers.worker(1).behaviour = { metrics: () => new Promise(() => undefined) }
    const late = count()
    await turns()
    clock.advance(3_000)
    assert.equal(await late, 31, 'a worker that does not answer counts by what it said last')
  })

  test('sets the level of all logs, those of later workers included', async (t) => {
    const { pool, workers } = makePool(t)
    const levels: string[] = []
    const listening = {
      init: async ({ log }: { readonly log: { readonly level: string } }) =>
        void levels.push(`begins with ${log.level}`),
      logLevel: async (level: string) => void levels.push(`changes to ${level}`),
    }
    workers.behave(() => listening)
    await pool.open()
    pool.setLogLevel('warn')
    workers.worker(1).die()
    await turns()
    assert.deepEqual(levels, [
      'begins with debug',
      'begins with debug',
      'changes to warn',
      'changes to warn',
      'begins with warn',
    ])
  })
})

describe('closing', () => {
  test('drains all workers, waits for their end and starts none again', async (t) => {
    const { pool, workers } = makePool(t)
    await pool.open()
    await pool.apply(document())
    const drained = Promise.withResolvers<void>()
    workers.worker(2).behaviour = { drain: () => drained.promise }
    let closed = false
    const closing = pool[Symbol.asyncDispose]().then(() => {
      closed = true
    })
    await turns()
    assert.deepEqual([workers.worker(1).alive, workers.worker(2).alive, closed], [false, true, false])
    drained.resolve()
    await closing
    assert.deepEqual([workers.all.length, workers.worker(2).alive], [2, false])
  })

  test('does not wait for a worker that is just being started, or about to be', async (t) => {
    const { pool, workers } = makePool(t, 3)
    await pool.open()
    workers.behave((index) => (index === 1 ? { init: () => new Promise(() => undefined) } : {}))
    workers.worker(1).die()
    for (let n = 0; n < 3; n++) {
      workers.worker(2).die()
      await turns()
    }
    await pool[Symbol.asyncDispose]()
    assert.ok(workers.all.every(({ alive }) => !alive))
  })
})
