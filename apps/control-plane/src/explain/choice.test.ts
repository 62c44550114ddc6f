import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DestinationInput, ExplainRequestInput, RouteInput } from '@vrata/model'
import { explained } from '../testing/explained.ts'

type Forward = NonNullable<RouteInput['forward']>
type Balancing = NonNullable<NonNullable<DestinationInput['options']>['endpointBalancing']>

const id = '0123456789abcdef'

function chosen(forward: Forward, destinations: DestinationInput[], sample: ExplainRequestInput = {}) {
  const { action } = explained({ routes: [{ id: 'r', match: {}, forward }], destinations }, sample)
  assert.ok(action?.kind === 'forward')
  return action.chosen
}

const one = { destinations: [{ destinationId: 'd' }] }
const two = {
  destinations: [
    { destinationId: 'd', weight: 80 },
    { destinationId: 'e', weight: 20 },
  ],
}
const d: DestinationInput = { id: 'd', host: '10.0.0.1', port: 80 }
const e: DestinationInput = { id: 'e', host: '10.0.0.2', port: 80 }

function of(algorithm: NonNullable<Forward['destinationBalancing']>['algorithm'], sample: ExplainRequestInput) {
  return chosen({ ...two, destinationBalancing: { algorithm } }, [d, e], sample)
}

test('one destination with one address is no choice', () => {
  assert.deepEqual(chosen(one, [d], { seed: 7 }), {
    destinationId: 'd',
    endpoint: '10.0.0.1:80',
    why: 'the only destination; the only endpoint',
    seed: 7,
  })
})

test('weighted random follows the weights over the seeds, and the same seed is the same choice', () => {
  const drawn = Array.from({ length: 1000 }, (_, seed) => of('WEIGHTED_RANDOM', { seed }).destinationId)
  assert.deepEqual(
    drawn,
    Array.from({ length: 1000 }, (_, seed) => of('WEIGHTED_RANDOM', { seed }).destinationId),
  )
  const share = drawn.filter((destination) => destination === 'd').length / 1000
  assert.ok(Math.abs(share - 0.8) < 0.05, String(share))
  assert.equal(of('WEIGHTED_RANDOM', { seed: 3 }).why, 'weighted random, seed 3; the only endpoint')
})

for (const [algorithm, known, fresh] of [
  [
    'WEIGHTED_CONSISTENT_HASH',
    'weighted consistent hash of cookie _vrata_destination_pin',
    'weighted consistent hash of the new cookie _vrata_destination_pin',
  ],
  [
    'STICKY',
    'sticky by cookie _vrata_destination_pin: without a pin, its hash',
    'sticky by the new cookie _vrata_destination_pin: without a pin, its hash',
  ],
] as const) {
  test(`${algorithm}: the cookie decides whatever the seed; without one the seed makes it`, () => {
    const ids = Array.from({ length: 50 }, (_, n) => `${id}${n}`)
    const by = (session: string, seed: number) =>
      of(algorithm, { seed, headers: { cookie: ['a=b', `c=d; _vrata_destination_pin=${session}`] } })
    const places = ids.map((session) => by(session, 1).destinationId)
    assert.deepEqual(new Set(places), new Set(['d', 'e']))
    assert.deepEqual(
      places,
      ids.map((session) => by(session, 2).destinationId),
    )
    assert.equal(by(id, 1).why, `${known}; the only endpoint`)
    const short = of(algorithm, { seed: 1, headers: { cookie: '_vrata_destination_pin=short' } })
    assert.equal(short.why, `${fresh}; the only endpoint`)
    const without = Array.from({ length: 50 }, (_, seed) => of(algorithm, { seed }))
    assert.ok(without.every(({ why }) => why === `${fresh}; the only endpoint`))
    assert.deepEqual(new Set(without.map(({ destinationId }) => destinationId)), new Set(['d', 'e']))
    assert.deepEqual(of(algorithm, { seed: 9 }), of(algorithm, { seed: 9 }))
  })
}

function at(endpointBalancing: Balancing, sample: ExplainRequestInput = {}) {
  const endpoints = ['10.1.0.1', '10.1.0.2', '10.1.0.3'].map((host) => ({ host, port: 8080 }))
  return chosen(one, [{ ...d, endpoints, options: { endpointBalancing } }], {
    seed: 1,
    ...sample,
  })
}

const header = { hashPolicy: [{ header: { name: 'X-User' } }] }
const cookie = { hashPolicy: [{ cookie: { name: 'c' } }] }
const user = { headers: { 'x-user': ['', 'ann'] } }

const reasons: readonly [name: string, balancing: Balancing, sample: ExplainRequestInput, why: string][] = [
  ['by default', {}, {}, 'round robin, the turn by seed 1'],
  ['RANDOM', { algorithm: 'RANDOM' }, {}, 'random, seed 1'],
  ['LEAST_REQUEST', { algorithm: 'LEAST_REQUEST' }, {}, 'least request with nothing in flight, seed 1'],
  ['RING_HASH', { algorithm: 'RING_HASH' }, {}, 'hash of the address of the client'],
  ['RING_HASH by header', { algorithm: 'RING_HASH', ringHash: header }, user, 'hash of header x-user'],
  ['MAGLEV by header', { algorithm: 'MAGLEV', maglev: header }, user, 'hash of header x-user'],
  ['MAGLEV without the header', { algorithm: 'MAGLEV', maglev: header }, {}, 'hash of the address of the client'],
  ['a cookie', { algorithm: 'MAGLEV', maglev: cookie }, { headers: { cookie: 'c=1' } }, 'hash of cookie c'],
  ['a new cookie', { algorithm: 'MAGLEV', maglev: cookie }, {}, 'hash of the new cookie c'],
  ['STICKY', { algorithm: 'STICKY' }, {}, 'sticky by the new cookie _vrata_endpoint_pin: without a pin, its hash'],
]
for (const [name, balancing, sample, why] of reasons) {
  test(`the choice of an endpoint is explained: ${name}`, () => {
    const told = at(balancing, sample)
    assert.equal(told.why, `the only destination; ${why}`)
    assert.match(told.endpoint, /^10\.1\.0\.[123]:8080$/)
  })
}

test('turns go round with the seed', () => {
  const endpoints = [1, 2, 3, 4].map((seed) => at({}, { seed }).endpoint)
  assert.deepEqual(endpoints, ['10.1.0.2:8080', '10.1.0.3:8080', '10.1.0.1:8080', '10.1.0.2:8080'])
})

test('hashes do not depend on the seed, but on what is hashed', () => {
  const by = (name: string, seed: number) =>
    at({ algorithm: 'MAGLEV', maglev: header }, { seed, headers: { 'x-user': name } }).endpoint
  const users = Array.from({ length: 30 }, (_, n) => `user-${n}`)
  assert.equal(new Set(users.map((name) => by(name, 1))).size, 3)
  for (const name of users) assert.equal(by(name, 1), by(name, 2))
})

test('endpoints count once, and those behind a name are left to the proxies', () => {
  const twice = [
    { host: '10.1.0.1', port: 80 },
    { host: '10.1.0.1', port: 80 },
  ]
  assert.equal(chosen(one, [{ ...d, endpoints: twice }]).why, 'the only destination; the only endpoint')
  const named = chosen(one, [{ id: 'd', host: 'api.internal', port: 81 }])
  assert.equal(named.endpoint, 'api.internal:81')
  assert.equal(named.why, 'the only destination; an address of the name api.internal, which proxies look up')
  const whole = chosen(one, [{ id: 'd', host: 'api.internal', port: 81, options: { dns: { mode: 'logical' } } }])
  assert.equal(whole.why, 'the only destination; the only endpoint')
  assert.equal(chosen(one, [{ id: 'd', host: '2001:db8::1', port: 81 }]).endpoint, '[2001:db8::1]:81')
})
