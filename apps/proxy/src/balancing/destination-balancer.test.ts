import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Route, Route as RouteSchema } from '@vrata/model'
import type { Exchange } from '../exchange.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { type Candidate, destinationBalancer } from './destination-balancer.ts'

type Weights = Readonly<Record<string, number>>

function settings(destinationBalancing: object): NonNullable<Route['forward']>['destinationBalancing'] {
  const { forward } = RouteSchema.parse({
    id: 'r',
    name: 'r',
    match: { path: '/' },
    forward: { destinations: [{ destinationId: 'any' }], destinationBalancing },
  })
  assert.ok(forward)
  return forward.destinationBalancing
}

/** Chooses without a session store, so always at once. */
function chooser(weights: Weights, balancing: object, { down = [] as readonly string[], route = 'shop' } = {}) {
  const ids = Object.keys(weights)
  const candidates = ids.map((id): Candidate => ({ id, weight: weights[id] ?? 0, usable: () => !down.includes(id) }))
  const choose = destinationBalancer(route, candidates, settings(balancing), undefined)
  return (exchange: Exchange): string => {
    const index = choose(exchange)
    assert.equal(typeof index, 'number', 'nothing is waited for')
    return typeof index === 'number' ? (ids[index] ?? 'none') : ''
  }
}

const random = { algorithm: 'WEIGHTED_RANDOM' }
const consistent = { algorithm: 'WEIGHTED_CONSISTENT_HASH' }
const sticky = { algorithm: 'STICKY' }
const ids = (count: number) => Array.from({ length: count }, (_, at) => `client-${at}-0123456789abcdef`)
const session = (id: string, name = '_vrata_destination_pin') => exchangeOf({ headers: [['cookie', `${name}=${id}`]] })

/** Where each of the sessions goes. */
function spread(count: number, choose: (exchange: Exchange) => string): ReadonlyMap<string, string> {
  return new Map(ids(count).map((id) => [id, choose(session(id))]))
}

function share(placed: ReadonlyMap<string, string>, target: string): number {
  return [...placed.values()].filter((one) => one === target).length / placed.size
}

test('with one destination there is nothing to choose and no cookie, whatever the algorithm', () => {
  for (const balancing of [random, consistent, sticky]) {
    for (const down of [[], ['a']]) {
      const exchange = exchangeOf()
      assert.equal(chooser({ a: 0 }, balancing, { down })(exchange), 'a', 'its endpoints tell whether it works')
      assert.equal(exchange.givenCookies, undefined)
    }
  }
})

test('by weight and chance: shares, no cookie, nothing to those of weight 0', () => {
  const choose = chooser({ a: 70, b: 30, c: 0 }, random)
  const times: Record<string, number> = {}
  const exchange = exchangeOf()
  for (let draw = 0; draw < 100_000; draw++) {
    const id = choose(exchange)
    times[id] = (times[id] ?? 0) + 1
  }
  assert.ok(Math.abs((times['a'] ?? 0) - 70_000) < 1_000, `${times['a']}`)
  assert.equal(times['c'], undefined)
  assert.equal(exchange.givenCookies, undefined)
})

test('by hash: a new client gets a session, and with it the same destination on every proxy', () => {
  const first = exchangeOf()
  const target = chooser({ a: 50, b: 50 }, consistent)(first)
  const [cookie] = first.givenCookies ?? []
  assert.match(cookie?.value ?? '', /^[0-9a-f]{32}$/)
  assert.deepEqual([cookie?.name, cookie?.ttl], ['_vrata_destination_pin', 3_600_000])
  const again = session(cookie?.value ?? '')
  assert.equal(chooser({ b: 50, a: 50 }, consistent)(again), target, 'another proxy, another order')
  assert.equal(again.givenCookies, undefined, 'the cookie is not given again')
})

test('by hash: name and time of the cookie are those of the configuration; an id that is none is replaced', () => {
  const balancing = { ...consistent, weightedConsistentHash: { cookie: { name: 'mine', ttl: '10m' } } }
  const exchange = session('not an id', 'mine')
  chooser({ a: 50, b: 50 }, balancing)(exchange)
  const [cookie] = exchange.givenCookies ?? []
  assert.deepEqual([cookie?.name, cookie?.ttl], ['mine', 600_000])
  assert.match(cookie?.value ?? '', /^[0-9a-f]{32}$/)
})

test('by hash: shares follow the weights, and a change of weights moves the changed share in one direction', () => {
  const before = spread(100_000, chooser({ a: 80, b: 20 }, consistent))
  assert.ok(Math.abs(share(before, 'a') - 0.8) < 0.01)
  const after = spread(100_000, chooser({ a: 60, b: 40 }, consistent))
  assert.ok(Math.abs(share(after, 'a') - 0.6) < 0.01)
  const moved = [...before].filter(([id, target]) => after.get(id) !== target)
  assert.ok(moved.length <= 22_000 && moved.length >= 18_000, `${moved.length}`)
  assert.ok(moved.every(([, target]) => target === 'a'))
  assert.equal(share(spread(10_000, chooser({ a: 100, b: 0 }, consistent)), 'b'), 0, 'weight 0 gets nobody')
})

test('by hash: only the clients of a destination that fails move, and they come back', () => {
  const weights = { a: 50, b: 30, c: 20 }
  const well = spread(10_000, chooser(weights, consistent))
  const sick = spread(10_000, chooser(weights, consistent, { down: ['b'] }))
  for (const [id, target] of well) {
    if (target === 'b') assert.notEqual(sick.get(id), 'b')
    else assert.equal(sick.get(id), target)
  }
  assert.deepEqual(spread(10_000, chooser(weights, consistent)), well)
})

test('by hash: routes that share a cookie choose independently', () => {
  const weights = { a: 50, b: 50 }
  const shop = spread(10_000, chooser(weights, consistent))
  const blog = spread(10_000, chooser(weights, consistent, { route: 'blog' }))
  const same = [...shop].filter(([id, target]) => blog.get(id) === target).length / shop.size
  assert.ok(Math.abs(same - 0.5) < 0.03, `${same}`)
})

test('one request that is balanced twice by one cookie gets one session', () => {
  const exchange = exchangeOf()
  const choose = chooser({ a: 50, b: 50 }, consistent)
  choose(exchange)
  choose(exchange)
  assert.equal(exchange.givenCookies?.length, 1)
})

test('when nothing is usable nothing is chosen', () => {
  const down = ['a', 'b']
  for (const balancing of [random, consistent, sticky]) {
    assert.equal(chooser({ a: 50, b: 50 }, balancing, { down })(session('client-0-0123456789')), 'none')
  }
})
