import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { sortInSlices } from './sort-in-slices.ts'

function finish<Result>(slices: Generator<undefined, Result, undefined>): { result: Result; stops: number } {
  for (let stops = 0; ; stops++) {
    const step = slices.next()
    if (step.done) return { result: step.value, stops }
  }
}

test('sorting in slices gives what sorting at once gives, equal items in their first order', () => {
  const items = fc.array(fc.tuple(fc.nat(50), fc.nat()), { maxLength: 2000, size: 'max' })
  fc.assert(
    fc.property(items, (pairs) => {
      const compare = (a: [number, number], b: [number, number]) => a[0] - b[0]
      assert.deepEqual(finish(sortInSlices(pairs, compare)).result, pairs.toSorted(compare))
    }),
    { numRuns: 30 },
  )
})

test('sorting stops after every few hundred items', () => {
  const items = Array.from({ length: 10_000 }, (_, index) => (index * 7919) % 10_007)
  const { stops } = finish(sortInSlices(items, (a, b) => a - b))
  assert.ok(stops > 200, `${stops} stops`)
})
