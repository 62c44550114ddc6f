import assert from 'node:assert/strict'
import { test } from 'node:test'
import { atOnce, inSlices, type Steps } from './slices.ts'

function* counting(steps: number): Steps<number> {
  let sum = 0
  for (let step = 0; step < steps; step++) {
    sum += step
    yield
  }
  return sum
}

test('sliced work comes to the same result as work at once', async () => {
  assert.equal(atOnce(counting(100)), 4950)
  assert.equal(await inSlices(counting(100), { pause: async () => undefined }), 4950)
})

test('a pause comes whenever the budget is used up', async () => {
  let pauses = 0
  await inSlices(counting(10), { pause: async () => void pauses++, budgetMs: 0 })
  assert.equal(pauses, 10)
  await inSlices(counting(10), { pause: async () => void pauses++, budgetMs: 60_000 })
  assert.equal(pauses, 10)
})
