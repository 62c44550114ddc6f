import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { addresses, all, allBut, draw, picks, sharesWithinOnePoint } from './fixtures.ts'
import {
  leastRequest,
  maglev,
  type Picker,
  ringHash,
  roundRobin,
  uniformRandom,
  weightedRandom,
  weightedRendezvous,
} from './index.ts'
import { seededRandom } from './seeded-random.ts'

const shareCases = [
  { name: 'an 80/20 split', weights: [80, 20], down: [], shares: [0.8, 0.2] },
  { name: 'thirds', weights: [34, 33, 33], down: [], shares: [0.34, 0.33, 0.33] },
  { name: 'a weight of 0 beside others', weights: [0, 100, 0], down: [], shares: [0, 1, 0] },
  { name: 'weights that are all 0 as equal', weights: [0, 0], down: [], shares: [0.5, 0.5] },
  { name: 'the share of an unusable one pro rata', weights: [50, 30, 20], down: [0], shares: [0, 0.6, 0.4] },
  { name: 'a single one whatever its weight', weights: [0], down: [], shares: [1] },
] as const

for (const { name, weights, down, shares } of shareCases) {
  test(`weighted random keeps ${name} within one point over 100,000 draws`, () => {
    const pick = weightedRandom(weights, seededRandom(7))
    sharesWithinOnePoint(picks(pick, new Array<number>(100_000).fill(0), allBut(...down)), shares)
  })
}

test('weighted random refuses weights that are no weights', () => {
  for (const weight of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => weightedRandom([1, weight]), RangeError)
  }
})

test('weighted random answers -1 when only those of weight 0 are usable', () => {
  assert.equal(
    weightedRandom([100, 0])(0, (index) => index === 1),
    -1,
  )
})

test('a draw at the very end of the range still answers one that may be drawn', () => {
  assert.equal(weightedRandom([0.1, 0.2, 0], () => 1)(0, all), 1)
  assert.equal(uniformRandom(3, () => 1)(0, all), 2)
})

test('random gives each usable one the same share', () => {
  const drawn = draw(uniformRandom(5, seededRandom(3)), 100_000, 5, (index) => index !== 2)
  assert.equal(drawn[2], 0)
  for (const index of [0, 1, 3, 4]) assert.ok(Math.abs((drawn[index] ?? 0) / 100_000 - 0.25) < 0.01)
})

test('round robin gives 4 endpoints 100 of 400 picks each', () => {
  assert.deepEqual(draw(roundRobin(4), 400, 4), [100, 100, 100, 100])
})

test('round robin starts with the first and goes on where its counter stands', () => {
  const counter = { next: 0 }
  const first = roundRobin(3, counter)
  assert.deepEqual([first(0, all), first(0, all)], [0, 1])
  const second = roundRobin(3, counter)
  assert.deepEqual([second(0, all), second(0, all)], [2, 0])
  counter.next = 7 // the set was larger before
  assert.equal(roundRobin(2, counter)(0, all), 1)
})

test('round robin cycles exactly over any set of usable ones', () => {
  const sets = fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }).filter((set) => set.includes(true))
  fc.assert(
    fc.property(sets, fc.nat(100), fc.integer({ min: 1, max: 5 }), (set, start, rounds) => {
      const usable = (index: number) => set[index] === true
      const size = set.filter(Boolean).length
      const drawn = draw(roundRobin(set.length, { next: start }), size * rounds, set.length, usable)
      assert.deepEqual(
        drawn,
        set.map((up) => (up ? rounds : 0)),
      )
    }),
  )
})

const builders: readonly [string, (count: number) => Picker][] = [
  ['weighted random', (count) => weightedRandom(new Array<number>(count).fill(1))],
  [
    'weighted rendezvous',
    (count) =>
      weightedRendezvous(
        addresses(count).map((id) => ({ id, weight: 1 })),
        'route',
      ),
  ],
  ['random', (count) => uniformRandom(count)],
  ['round robin', (count) => roundRobin(count)],
  ['least request', (count) => leastRequest(count, (index) => index % 3)],
  ['least request with many choices', (count) => leastRequest(count, (index) => index % 3, 100)],
  ['ring hash', (count) => ringHash(addresses(count), 'destination')],
  ['ring hash with fewer nodes than endpoints', (count) => ringHash(addresses(count), 'd', { min: 1, max: 5 })],
  ['maglev', (count) => maglev(addresses(count), 'destination')],
]
const sets = fc.array(fc.boolean(), { maxLength: 12 })
const keys = fc.integer({ min: 0, max: 2 ** 53 - 1 })

for (const [name, build] of builders) {
  const built = Array.from({ length: 13 }, (_, count) => build(count))

  test(`${name} answers a usable index, asks about none twice, and -1 exactly when none is usable`, () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(sets, keys), { minLength: 1, maxLength: 4 }), (steps) => {
        for (const [set, key] of steps) {
          const asked = new Set<number>()
          const index = built[set.length]?.(key, (one) => {
            assert.ok(one >= 0 && one < set.length, `asked about ${one}`)
            assert.ok(!asked.has(one), `asked about ${one} twice`)
            asked.add(one)
            return set[one] === true
          })
          if (set.includes(true)) assert.equal(set[index ?? -1], true)
          else assert.equal(index, -1)
        }
      }),
    )
  })
}
