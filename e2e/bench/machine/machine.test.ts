import assert from 'node:assert/strict'
import { test } from 'node:test'
import { divideCores, parseCoreList } from './cores.ts'
import { parseCoreSeconds, processSeconds, residentBytes, ticksOf, withDescendants } from './cpu-time.ts'

test('the system under test has the last core, the load all others', () => {
  assert.deepEqual(divideCores([0, 1]), { system: [1], load: [0] })
  assert.deepEqual(divideCores([2, 3, 6, 7]), { system: [7], load: [2, 3, 6] })
})

test('on a single core all of them share it', () => {
  assert.deepEqual(divideCores([4]), { system: [4], load: [4] })
})

test('the kernel names cores by numbers and ranges', () => {
  assert.deepEqual(parseCoreList('0-2,5,8-9'), [0, 1, 2, 5, 8, 9])
  assert.deepEqual(parseCoreList('3'), [3])
})

test('time of cores is all that is neither idle nor waiting for disks', () => {
  const stat = `cpu  1 1 1 1 1 1 1 1 1 1
cpu0 100 20 300 9999 8888 5 50 25 0 0
cpu1 1 0 0 9999 0 0 0 0 0 0
cpu10 7777 0 0 0 0 0 0 0 0 0
intr 12345`
  assert.deepEqual(parseCoreSeconds(stat, [0]), { busy: 5, interrupts: 0.55 })
  assert.deepEqual(parseCoreSeconds(stat, [0, 1]), { busy: 5.01, interrupts: 0.55 })
})

test('the name of a process does not shift the fields of its times', () => {
  assert.equal(ticksOf('12 (a b) c) S 1 1 1 0 -1 4 100 0 0 0 250 50 0 0 20 0 1 0 999'), 300)
  assert.equal(ticksOf(undefined), undefined)
})

test('a process knows its own time and memory, and one that is gone counts nothing', () => {
  const until = performance.now() + 30
  while (performance.now() < until) Math.sqrt(until)
  assert.ok(processSeconds([process.pid]) > 0)
  assert.ok(residentBytes([process.pid]) > 10_000_000)
  assert.ok(withDescendants([process.pid]).includes(process.pid))
  assert.equal(processSeconds([2 ** 30]), 0)
  assert.equal(residentBytes([2 ** 30]), 0)
})
