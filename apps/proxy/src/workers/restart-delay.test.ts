import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RestartDelay } from './restart-delay.ts'

const minute = 60_000

test('a worker is replaced at once, unless it keeps ending early: then later each time, up to half a minute', () => {
  const delay = new RestartDelay()
  const early = Array.from({ length: 12 }, () => delay.next(10))
  assert.deepEqual(early, [0, 100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000])
})

test('one long life makes up for all early ends', () => {
  const delay = new RestartDelay()
  for (let n = 0; n < 20; n++) delay.next(10)
  assert.equal(delay.next(minute), 0)
  assert.equal(delay.next(10), 0)
  assert.equal(delay.next(10), 100)
})
