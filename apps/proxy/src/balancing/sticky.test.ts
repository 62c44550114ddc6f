import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Route, Route as RouteSchema } from '@vrata/model'
import fc from 'fast-check'
import type { Exchange } from '../exchange.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { MemorySessions } from '../testing/memory-sessions.ts'
import { type Candidate, destinationBalancer } from './destination-balancer.ts'

type Sticky = Partial<NonNullable<Route['forward']>['destinationBalancing']['sticky']>

/** A route with STICKY whose destinations, weights and health the test changes at will; each call makes it anew. */
class StickyRoute {
  readonly down = new Set<string>()
  readonly store: MemorySessions | undefined
  readonly #id: string
  readonly #sticky: Sticky

  constructor(store: MemorySessions | undefined, sticky: Sticky = {}, id = 'shop') {
    this.store = store
    this.#id = id
    this.#sticky = sticky
  }

  /** Where a request goes, `none`, or `now …` when that was known without waiting. */
  async ask(weights: Readonly<Record<string, number>>, exchange: Exchange): Promise<string> {
    const ids = Object.keys(weights)
    const candidates = ids.map((id): Candidate => ({ id, weight: weights[id] ?? 0, usable: () => !this.down.has(id) }))
    const { forward } = RouteSchema.parse({
      id: this.#id,
      name: this.#id,
      match: { path: '/' },
      forward: {
        destinations: [{ destinationId: 'any' }],
        destinationBalancing: { algorithm: 'STICKY', sticky: this.#sticky },
      },
    })
    assert.ok(forward)
    const choose = destinationBalancer(this.#id, candidates, forward.destinationBalancing, this.store)
    const index = choose(exchange)
    const found = ids[await index] ?? 'none'
    return typeof index === 'number' ? `now ${found}` : found
  }
}

const name = '_vrata_destination_pin'
const session = (id: string, cookie = name) => exchangeOf({ headers: [['Cookie', `a=b; ${cookie}=${id}`]] })
const ann = 'ann-0123456789-_ANN'
const key = `vrata:sticky:${ann}:shop`
const hour = 3_600_000
const half = { a: 50, b: 50 }
const given = ({ givenCookies }: Exchange) => givenCookies ?? []

test('a new client gets a session of 32 hexadecimal digits and is pinned', async () => {
  const store = new MemorySessions()
  const exchange = exchangeOf()
  const target = await new StickyRoute(store).ask(half, exchange)
  const [cookie, ...others] = given(exchange)
  assert.deepEqual(others, [])
  assert.equal(cookie?.name, name)
  assert.equal(cookie?.ttl, hour)
  assert.match(cookie?.value ?? '', /^[0-9a-f]{32}$/)
  assert.equal(store.target(`vrata:sticky:${cookie?.value}:shop`), target)
  assert.equal(store.left(`vrata:sticky:${cookie?.value}:shop`), hour)
  assert.deepEqual(
    store.asked,
    [`claim vrata:sticky:${cookie?.value}:shop`],
    'who has no cookie has no pin to look for',
  )
})

test('cookie and time are those of the configuration', async () => {
  const store = new MemorySessions()
  const exchange = exchangeOf()
  await new StickyRoute(store, { cookie: { name: 'mine', ttl: '90s' } }).ask(half, exchange)
  assert.deepEqual(
    given(exchange).map((cookie) => [cookie.name, cookie.ttl]),
    [['mine', 90_000]],
  )
})

test('an id that is none is replaced, and never becomes part of a key', async () => {
  for (const id of ['', 'short', 'x'.repeat(65), '0123456789abcdef:other', '0123456789abcdef%0a']) {
    const store = new MemorySessions()
    const exchange = session(id)
    await new StickyRoute(store).ask(half, exchange)
    assert.match(given(exchange)[0]?.value ?? '', /^[0-9a-f]{32}$/, id)
    assert.ok(store.asked.every((line) => !line.includes(`:${id}:`) || id === ''))
  }
})

test('who is pinned stays, whatever the weights, and gets no cookie again while it lasts', async () => {
  const store = new MemorySessions()
  store.set(key, 'b', hour)
  const route = new StickyRoute(store)
  for (const weights of [half, { a: 100, b: 0 }, { b: 1, a: 99 }, { c: 100, a: 0, b: 0 }]) {
    const exchange = session(ann)
    assert.equal(await route.ask(weights, exchange), 'b')
    assert.deepEqual(given(exchange), [])
  }
  assert.equal(store.left(key), hour, 'not written again')
})

test('who comes back in the second half of his time gets the whole time again, with the cookie', async () => {
  const store = new MemorySessions()
  store.set(key, 'b', hour)
  const route = new StickyRoute(store)
  store.now = hour / 2
  const early = session(ann)
  await route.ask(half, early)
  assert.deepEqual([given(early), store.left(key)], [[], hour / 2])
  store.now = hour / 2 + 1
  const late = session(ann)
  assert.equal(await route.ask(half, late), 'b')
  assert.deepEqual([given(late), store.left(key)], [[{ name, value: ann, ttl: hour }], hour])
})

test('a pin without an end is left as it is', async () => {
  const store = new MemorySessions()
  store.set(key, 'b', Number.POSITIVE_INFINITY)
  const exchange = session(ann)
  assert.equal(await new StickyRoute(store).ask(half, exchange), 'b')
  assert.deepEqual(given(exchange), [])
})

test('a session whose pin has ended is pinned again, under the same id', async () => {
  const store = new MemorySessions()
  const exchange = session(ann)
  const target = await new StickyRoute(store).ask(half, exchange)
  assert.equal(store.target(key), target)
  assert.deepEqual(given(exchange), [{ name, value: ann, ttl: hour }])
})

test('an unhealthy target is passed by for a while, always to the same place, and the pin stays', async () => {
  const store = new MemorySessions()
  const route = new StickyRoute(store)
  const weights = { a: 40, b: 30, c: 30 }
  store.set(key, 'b', hour)
  route.down.add('b')
  const elsewhere = await route.ask(weights, session(ann))
  assert.notEqual(elsewhere, 'b')
  assert.equal(await route.ask(weights, session(ann)), elsewhere)
  assert.equal(store.target(key), 'b')
  route.down.clear()
  assert.equal(await route.ask(weights, session(ann)), 'b')
})

test('with repin an unhealthy target is left for good', async () => {
  const store = new MemorySessions()
  const route = new StickyRoute(store, { onUnhealthy: 'repin' })
  store.set(key, 'b', hour)
  route.down.add('b')
  const elsewhere = await route.ask(half, session(ann))
  assert.equal(elsewhere, 'a')
  route.down.clear()
  assert.equal(await route.ask(half, session(ann)), 'a')
  assert.equal(store.target(key), 'a')
})

test('when nothing is usable nobody is pinned', async () => {
  const store = new MemorySessions()
  const route = new StickyRoute(store)
  route.down.add('a').add('b')
  assert.equal(await route.ask(half, session(ann)), 'none')
  assert.equal(store.target(key), undefined)
  store.set(key, 'b', hour)
  assert.equal(await route.ask(half, session(ann)), 'none')
  assert.equal(store.target(key), 'b')
})

test('of two proxies that pin a client at once the first one decides for both', async () => {
  const store = new MemorySessions()
  const route = new StickyRoute(store)
  const mine = await new StickyRoute(new MemorySessions()).ask(half, session(ann))
  const other = mine === 'a' ? 'b' : 'a'
  store.between = () => store.set(key, other, hour)
  assert.equal(await route.ask(half, session(ann)), other)
  assert.equal(store.target(key), other)
})

test('a claim that was lost to a target that is gone or down changes nothing for this request', async () => {
  for (const theirs of ['gone', 'b']) {
    const store = new MemorySessions()
    const route = new StickyRoute(store)
    route.down.add('b')
    store.between = () => store.set(key, theirs, hour)
    assert.equal(await route.ask(half, session(ann)), 'a')
    assert.equal(store.target(key), theirs)
  }
})

test('a target that is gone is replaced once, and the client stays there', async () => {
  const store = new MemorySessions()
  const route = new StickyRoute(store)
  store.set(key, 'gone', 1_000)
  const exchange = session(ann)
  const target = await route.ask({ a: 50, b: 50 }, exchange)
  assert.deepEqual(given(exchange), [{ name, value: ann, ttl: hour }])
  assert.equal(store.left(key), hour)
  for (const weights of [{ a: 0, b: 100 }, { a: 100, b: 0 }, half]) {
    assert.equal(await route.ask(weights, session(ann)), target)
  }
})

test('routes with one cookie pin independently', async () => {
  const store = new MemorySessions()
  const shop = new StickyRoute(store)
  const blog = new StickyRoute(store, {}, 'blog')
  const weights = { a: 100, b: 0 }
  await shop.ask(weights, session(ann))
  await blog.ask({ a: 0, b: 100 }, session(ann))
  assert.deepEqual([store.target(key), store.target(`vrata:sticky:${ann}:blog`)], ['a', 'b'])
  const ids = Array.from({ length: 200 }, (_, at) => `client-${at}-0123456789`)
  const differ = await Promise.all(
    ids.map(async (id) => (await shop.ask(half, session(id))) !== (await blog.ask(half, session(id)))),
  )
  const share = differ.filter(Boolean).length / ids.length
  assert.ok(share > 0.35 && share < 0.65, `${share}`)
})

test('without a store, or with one that is not to be asked, choices are stable by cookie and known at once', async () => {
  const blind = new MemorySessions()
  blind.mood = 'blind'
  for (const route of [new StickyRoute(undefined), new StickyRoute(blind)]) {
    const first = exchangeOf()
    const target = await route.ask(half, first)
    assert.match(target, /^now [ab]$/)
    const id = given(first)[0]?.value ?? ''
    assert.match(id, /^[0-9a-f]{32}$/)
    const second = session(id)
    assert.equal(await route.ask(half, second), target)
    assert.deepEqual(given(second), [])
  }
  assert.deepEqual(blind.asked, [])
})

test('a store that is late costs nothing but time', async () => {
  const store = new MemorySessions()
  store.mood = 'late'
  const route = new StickyRoute(store)
  const target = await route.ask(half, session(ann))
  assert.equal(`now ${target}`, await new StickyRoute(undefined).ask(half, session(ann)))
  assert.equal(await route.ask(half, session(ann)), target)
  await route.ask(half, exchangeOf())
})

test('who was placed while the store was away stays there when it is back', async () => {
  const store = new MemorySessions()
  const route = new StickyRoute(store)
  for (let at = 0; at < 50; at++) {
    store.mood = 'blind'
    const first = exchangeOf()
    const target = await route.ask(half, first)
    store.mood = 'up'
    assert.equal(`now ${await route.ask(half, session(given(first)[0]?.value ?? ''))}`, target)
  }
})

test('a store that takes no writes keeps the pinned where they are, and the others by hash', async () => {
  const store = new MemorySessions()
  store.set(key, 'b', 1_000)
  store.mood = 'readOnly'
  const route = new StickyRoute(store, { onUnhealthy: 'repin' })
  assert.equal(await route.ask({ a: 100, b: 0 }, session(ann)), 'b')
  const other = await route.ask(half, session('bob-0123456789-bob'))
  assert.equal(`now ${other}`, await new StickyRoute(undefined).ask(half, session('bob-0123456789-bob')))
  await route.ask(half, exchangeOf())
  route.down.add('b')
  assert.equal(await route.ask(half, session(ann)), 'a')
  assert.deepEqual(
    store.asked.filter((line) => !line.startsWith('read')),
    [],
  )
})

test('nobody who is pinned moves over any sequence of weights, activations, restarts and proxies', async () => {
  const ids = ['a', 'b', 'c', 'd'] as const
  const weights = fc
    .tuple(fc.nat(10), fc.nat(10), fc.nat(10), fc.nat(10))
    .map((parts) => Object.fromEntries(ids.map((id, at) => [id, parts[at] ?? 0])))
  const client = fc.nat(9).map((at) => `client-${at}-0123456789`)
  const step = fc.oneof(
    fc.record({ kind: fc.constant('ask' as const), client, weights }),
    fc.record({ kind: fc.constant('sick' as const), down: fc.subarray([...ids], { maxLength: 3 }) }),
    fc.record({ kind: fc.constant('restart' as const) }),
    fc.record({ kind: fc.constant('time' as const), pass: fc.nat(hour / 4) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const store = new MemorySessions()
      let route = new StickyRoute(store)
      let down = new Set<string>()
      const pinned = new Map<string, { readonly target: string; seen: number }>()
      for (const one of steps) {
        if (one.kind === 'restart') route = new StickyRoute(store)
        else if (one.kind === 'time') store.now += one.pass
        else if (one.kind === 'sick') down = new Set(one.down)
        else {
          route.down.clear()
          for (const id of down) route.down.add(id)
          const target = await route.ask(one.weights, session(one.client))
          const before = pinned.get(one.client)
          const lasts = before !== undefined && store.now - before.seen < hour / 2
          if (before !== undefined && lasts && !down.has(before.target)) assert.equal(target, before.target)
          if (before !== undefined && lasts) before.seen = store.now
          else if (target !== 'none') pinned.set(one.client, { target, seen: store.now })
        }
      }
    }),
    { numRuns: 200 },
  )
})
