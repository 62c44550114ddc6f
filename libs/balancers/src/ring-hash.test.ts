import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { addresses, picks, sessionKeys } from './fixtures.ts'
import { hashedEndpoints } from './hashed-endpoints.ts'
import { type RingSize, ringHash } from './index.ts'
import { mixed } from './key.ts'
import { nodeCounts } from './ring-hash.ts'

const standard: RingSize = { min: 1024, max: 8_388_608 }
const keys = sessionKeys(20_000)

for (const size of [standard, { min: 1, max: 8_388_608 }, { min: 1024, max: 8192 }]) {
  test(`an endpoint that leaves a ring of ${size.min} to ${size.max} nodes takes along only its keys`, () => {
    for (const count of [2, 3, 4, 5, 7]) {
      const ids = addresses(count)
      const before = picks(ringHash(ids, 'destination', size), keys).map((index) => ids[index])
      for (const gone of ids) {
        const rest = ids.filter((id) => id !== gone)
        const after = picks(ringHash(rest, 'destination', size), keys).map((index) => rest[index])
        for (const [n, id] of before.entries()) {
          if (id !== gone) assert.equal(after[n], id)
          else assert.notEqual(after[n], gone)
        }
      }
    }
  })
}

test('there are at least min and at most max nodes, and 100 for each endpoint where max leaves room', () => {
  const bound = fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 1, max: 8_388_608 }))
  fc.assert(
    fc.property(bound, bound, fc.integer({ min: 1, max: 3000 }), (one, other, endpoints) => {
      const size = { min: Math.min(one, other), max: Math.max(one, other) }
      const counts = nodeCounts(endpoints, size)
      const total = counts.reduce((sum, count) => sum + count, 0)
      assert.equal(counts.length, endpoints)
      assert.ok(total >= size.min && total <= size.max, `${total}`)
      const fewest = Math.min(...counts)
      assert.ok(Math.max(...counts) - fewest <= 1)
      if (endpoints * 100 <= size.max) assert.ok(fewest >= 100, `${fewest}`)
      else if (endpoints <= size.max) assert.ok(fewest >= 1)
    }),
  )
})

const countCases = [
  { endpoints: 1, size: standard, each: 1024 },
  { endpoints: 3, size: standard, each: 1024 },
  { endpoints: 1000, size: standard, each: 1024 },
  { endpoints: 8192, size: standard, each: 1024 },
  { endpoints: 8193, size: standard, each: 512 },
  { endpoints: 3, size: { min: 1, max: 8_388_608 }, each: 256 },
  { endpoints: 10, size: { min: 1, max: 1200 }, each: 100 },
  { endpoints: 10, size: { min: 1, max: 999 }, each: 50 },
] as const

for (const { endpoints, size, each } of countCases) {
  test(`${endpoints} endpoints on a ring of ${size.min} to ${size.max} have ${each} nodes each`, () => {
    assert.deepEqual(new Set(nodeCounts(endpoints, size)), new Set([each]))
  })
}

test('a key goes to the owner of the first node from its position on, past the end to the beginning', () => {
  const size = { min: 1, max: 300 }
  const ids = addresses(6)
  const nodes = hashedEndpoints(ids, 'destination').flatMap(({ index, hash }) =>
    Array.from({ length: 50 }, (_, node) => ({ index, position: mixed(hash.high, hash.low, 0, node) })),
  )
  const sorted = nodes.sort((one, other) => one.position - other.position)
  const next = (key: number) => (sorted.find(({ position }) => position >= key) ?? sorted[0])?.index
  const around = sorted.flatMap(({ position }) => [position - 1, position, position + 1])
  const pick = ringHash(ids, 'destination', size)
  for (const key of [0, 2 ** 53 - 1, ...around, ...keys.slice(0, 2000)])
    assert.equal(
      pick(key, () => true),
      next(key),
    )
})

test('bounds that are none are refused, also without endpoints', () => {
  for (const [min, max] of [
    [0, 10],
    [-1, 10],
    [1.5, 10],
    [20, 10],
    [1, 8_388_609],
    [1, Number.NaN],
  ] as const) {
    assert.throws(() => ringHash([], 'destination', { min, max }), RangeError, `${min} to ${max}`)
  }
})
