import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeClock } from './clock.ts'

test('a fake clock stands still, and moves exactly as far as it is told', () => {
  const clock = fakeClock(100)
  assert.equal(clock.now(), 100)
  clock.advance(0.5)
  assert.equal(clock.now(), 100.5)
})

test('a timer runs when its time has come and not a millisecond before, once', () => {
  const clock = fakeClock()
  let runs = 0
  clock.after(1000, () => runs++)
  clock.advance(999)
  assert.equal(runs, 0)
  clock.advance(1)
  assert.equal(runs, 1)
  clock.advance(5000)
  assert.equal(runs, 1)
})

test('timers run in the order of their times and see that time, also those that timers make', () => {
  const clock = fakeClock()
  const seen: string[] = []
  clock.after(30, () => seen.push(`c${clock.now()}`))
  clock.after(10, () => {
    seen.push(`a${clock.now()}`)
    clock.after(10, () => seen.push(`b${clock.now()}`))
  })
  clock.advance(100)
  assert.deepEqual(seen, ['a10', 'b20', 'c30'])
  assert.equal(clock.now(), 100)
})

test('a timer that is taken back does not run and does not wait', () => {
  const clock = fakeClock()
  let runs = 0
  const cancel = clock.after(10, () => runs++)
  assert.equal(clock.waiting, 1)
  cancel()
  assert.equal(clock.waiting, 0)
  clock.advance(100)
  assert.equal(runs, 0)
})
