import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Backoff } from './backoff.ts'

test('waits double up to the ceiling, and start anew after a reset', () => {
  const backoff = new Backoff(100, 1000, () => 1)
  assert.deepEqual(
    Array.from({ length: 6 }, () => backoff.next()),
    [100, 200, 400, 800, 1000, 1000],
  )
  backoff.reset()
  assert.equal(backoff.next(), 100)
})

test('a wait is a random share of the limit, never more and never negative', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(20), (share, times) => {
      const backoff = new Backoff(100, 30_000, () => share)
      let last = 0
      for (let at = 0; at <= times; at++) last = backoff.next()
      assert.ok(last >= 0 && last <= Math.min(100 * 2 ** times, 30_000))
    }),
  )
})
