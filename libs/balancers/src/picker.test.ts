import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Picker, roundRobin, uniformRandom, weightedRandom } from './index.ts'

const all = () => true

/** A small seeded generator (mulberry32), so that a failing share can be repeated. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function draw(pick: Picker, times: number, count: number, usable: (index: number) => boolean = all): number[] {
  const drawn = new Array<number>(count).fill(0)
  for (let n = 0; n < times; n++) {
    const index = pick(0, usable)
    drawn[index] = (drawn[index] ?? 0) + 1
  }
  return drawn
}

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
    const isDown = new Set<number>(down)
    const pick = weightedRandom(weights, seeded(7))
    const drawn = draw(pick, 100_000, weights.length, (index) => !isDown.has(index))
    for (const [index, share] of shares.entries()) {
      const got = (drawn[index] ?? 0) / 100_000
      assert.ok(Math.abs(got - share) < 0.01, `${index}: ${got} instead of ${share}`)
      if (share === 0) assert.equal(got, 0)
    }
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
  const drawn = draw(uniformRandom(5, seeded(3)), 100_000, 5, (index) => index !== 2)
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
  ['random', (count) => uniformRandom(count)],
  ['round robin', (count) => roundRobin(count)],
]

for (const [name, build] of builders) {
  test(`${name} answers a usable index, asks about none twice, and -1 exactly when none is usable`, () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 12 }), (set) => {
        const asked = new Set<number>()
        const index = build(set.length)(0, (one) => {
          assert.ok(!asked.has(one), `asked about ${one} twice`)
          asked.add(one)
          return set[one] === true
        })
        if (set.includes(true)) assert.equal(set[index], true)
        else assert.equal(index, -1)
      }),
    )
  })
}
