import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { seededRandom } from './seeded-random.ts'

const first = (seed: number, count = 5) => {
  const random = seededRandom(seed)
  return Array.from({ length: count }, random)
}

test('the same seed gives the same numbers, other seeds others', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 31), fc.nat(2 ** 31), (one, other) => {
      assert.deepEqual(first(one), first(one))
      if (one !== other) assert.notDeepEqual(first(one), first(other))
      assert.ok(first(one).every((number) => number >= 0 && number < 1))
    }),
  )
})

test('the numbers are spread evenly, also the first ones of neighbouring seeds', () => {
  const tenth = (number: number) => Math.floor(number * 10)
  for (const numbers of [first(1, 100_000), Array.from({ length: 100_000 }, (_, seed) => first(seed, 1)[0] ?? 0)]) {
    for (const [, group] of Map.groupBy(numbers, tenth)) assert.ok(Math.abs(group.length - 10_000) < 500)
  }
})
