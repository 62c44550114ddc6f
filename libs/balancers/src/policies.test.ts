import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DestinationPolicy, type DestinationSettings, destinationPolicy } from './destination-policy.ts'
import { type BalancerState, type EndpointPolicy, type EndpointSettings, endpointPolicy } from './endpoint-policy.ts'
import { addresses, all, picks, sessionKeys } from './fixtures.ts'
import { maglev } from './maglev.ts'
import type { Picker } from './picker.ts'
import { ringHash } from './ring-hash.ts'
import { seededRandom } from './seeded-random.ts'
import { weightedRendezvous } from './weighted-rendezvous.ts'

const cookie = { name: 'pin', ttl: '1h' }
const sticky = { cookie, onUnhealthy: 'detour' } as const
const keys = sessionKeys(200)

const forRoutes = (algorithm: DestinationSettings['algorithm']): DestinationSettings => ({
  algorithm,
  weightedConsistentHash: { cookie },
  sticky,
})

const weighted = [
  { id: 'a', weight: 80 },
  { id: 'b', weight: 20 },
]

const settings: EndpointSettings = {
  algorithm: 'ROUND_ROBIN',
  ringHash: { ringSize: { min: 512, max: 4096 }, hashPolicy: [{ header: { name: 'a' } }] },
  maglev: { tableSize: 251, hashPolicy: [{ header: { name: 'b' } }] },
  leastRequest: { choiceCount: 3 },
  sticky,
}

const endpoints = addresses(3)
const choices = { destinationId: 'd', endpoints, load: (index: number) => index }

function state(made: string[] = []): BalancerState {
  return {
    counter: () => ({ next: 2 }),
    table(kind, parts, make) {
      made.push(`${kind} ${JSON.stringify(parts)}`)
      return make()
    },
    random: seededRandom(1),
  }
}

function pickerOf(policy: DestinationPolicy | EndpointPolicy): Picker {
  assert.ok(policy.by !== 'only')
  return policy.pick
}

test('with one destination there is nothing to choose, whatever the algorithm', () => {
  for (const algorithm of ['WEIGHTED_RANDOM', 'WEIGHTED_CONSISTENT_HASH', 'STICKY'] as const) {
    assert.deepEqual(destinationPolicy(forRoutes(algorithm), [{ id: 'a', weight: 0 }], 'r'), { by: 'only' })
  }
})

test('destinations are drawn by their weights, with the randomness that is given', () => {
  const drawn = () => {
    const policy = destinationPolicy(forRoutes('WEIGHTED_RANDOM'), weighted, 'r', seededRandom(4))
    assert.equal(policy.by, 'chance')
    return picks(pickerOf(policy), keys)
  }
  assert.deepEqual(drawn(), drawn())
  assert.deepEqual(new Set(drawn()), new Set([0, 1]))
})

test('by session and by pin, destinations are hashed alike, with the route as salt', () => {
  const bySession = destinationPolicy(forRoutes('WEIGHTED_CONSISTENT_HASH'), weighted, 'r')
  const byPin = destinationPolicy(forRoutes('STICKY'), weighted, 'r')
  assert.partialDeepStrictEqual(bySession, { by: 'session', cookie })
  assert.partialDeepStrictEqual(byPin, { by: 'pin', sticky })
  const expected = picks(weightedRendezvous(weighted, 'r'), keys)
  assert.deepEqual(picks(pickerOf(bySession), keys), expected)
  assert.deepEqual(picks(pickerOf(byPin), keys), expected)
  assert.notDeepEqual(picks(pickerOf(destinationPolicy(forRoutes('STICKY'), weighted, 'other')), keys), expected)
})

test('with one endpoint or none there is nothing to choose', () => {
  for (const few of [[], ['10.0.0.1:80']]) {
    assert.deepEqual(endpointPolicy(settings, { ...choices, endpoints: few }, state()), { by: 'only' })
  }
})

test('a round goes on where the counter stands', () => {
  const policy = endpointPolicy(settings, choices, state())
  assert.equal(policy.by, 'turn')
  assert.deepEqual(picks(pickerOf(policy), [0, 0, 0, 0]), [2, 0, 1, 2])
})

test('chance draws from all', () => {
  const policy = endpointPolicy({ ...settings, algorithm: 'RANDOM' }, choices, state())
  assert.equal(policy.by, 'chance')
  assert.deepEqual(new Set(picks(pickerOf(policy), keys)), new Set([0, 1, 2]))
})

test('least request compares as many as it is told', () => {
  const policy = endpointPolicy({ ...settings, algorithm: 'LEAST_REQUEST' }, choices, state())
  assert.equal(policy.by, 'load')
  assert.deepEqual(new Set(picks(pickerOf(policy), keys)), new Set([0]), 'of all three the idle one')
})

test('hashing takes its policies, its size, and the destination as salt', () => {
  const made: string[] = []
  const ring = endpointPolicy({ ...settings, algorithm: 'RING_HASH' }, choices, state(made))
  const table = endpointPolicy({ ...settings, algorithm: 'MAGLEV' }, choices, state(made))
  const pinned = endpointPolicy({ ...settings, algorithm: 'STICKY' }, choices, state(made))
  assert.partialDeepStrictEqual(ring, { by: 'hash', policies: [{ header: { name: 'a' } }] })
  assert.partialDeepStrictEqual(table, { by: 'hash', policies: [{ header: { name: 'b' } }] })
  assert.partialDeepStrictEqual(pinned, { by: 'pin', sticky })
  const expected = picks(ringHash(endpoints, 'd', { min: 512, max: 4096 }), keys, all)
  assert.deepEqual(picks(pickerOf(ring), keys), expected)
  assert.deepEqual(picks(pickerOf(pinned), keys), expected)
  assert.deepEqual(picks(pickerOf(table), keys), picks(maglev(endpoints, 'd', 251), keys))
  assert.deepEqual(made, [
    `ring ${JSON.stringify([{ min: 512, max: 4096 }, endpoints])}`,
    `maglev ${JSON.stringify([251, endpoints])}`,
    `ring ${JSON.stringify([{ min: 512, max: 4096 }, endpoints])}`,
  ])
})
