import assert from 'node:assert/strict'
import { test } from 'node:test'
import { median, percentile, ratioOf, slope, spreadOf } from './statistics.ts'

test('a percentile is one of the values, by the nearest rank', () => {
  const hundred = Array.from({ length: 100 }, (_, n) => 100 - n)
  for (const [p, expected] of [
    [0, 1],
    [1, 1],
    [50, 50],
    [99, 99],
    [99.1, 100],
    [100, 100],
  ] as const) {
    assert.equal(percentile(hundred, p), expected, `p${p}`)
  }
  assert.equal(percentile([7], 99), 7)
  assert.throws(() => percentile([], 50), /no values/)
})

test('the median of an even number of values lies between the two in the middle', () => {
  assert.equal(median([3, 1, 2]), 2)
  assert.equal(median([4, 1, 3, 2]), 2.5)
  assert.equal(median([10, 9]), 9.5)
  assert.throws(() => median([]), /no values/)
})

test('a spread has both ends and leaves the values in their order', () => {
  const values = [5, 1, 9]
  assert.deepEqual(spreadOf(values), { median: 5, low: 1, high: 9 })
  assert.deepEqual(values, [5, 1, 9])
})

test('a ratio compares round with round, so a slow round of both does not count', () => {
  assert.deepEqual(ratioOf([50, 5, 60], [100, 10, 100]), { median: 0.5, low: 0.5, high: 0.6 })
})

test('a ratio leaves out rounds in which the other did nothing', () => {
  assert.deepEqual(ratioOf([1, 2], [0, 4]), { median: 0.5, low: 0.5, high: 0.5 })
  assert.equal(ratioOf([1, 2], [0]), undefined)
})

test('a slope is the growth for one step of x', () => {
  assert.equal(
    slope([
      [0, 1],
      [1, 3],
      [2, 5],
    ]),
    2,
  )
  assert.ok(
    Math.abs(
      slope([
        [0, 10],
        [1, 11],
        [2, 9],
        [3, 10],
      ]) - -0.2,
    ) < 1e-9,
  )
  assert.equal(slope([[1, 5]]), 0)
})
