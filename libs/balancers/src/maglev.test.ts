import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addresses, all, picks, sessionKeys } from './fixtures.ts'
import { maglev } from './index.ts'

for (const [count, tableSize] of [
  [2, 211],
  [4, 401],
  [10, 1009],
  [50, 5003],
  [10, 65_537],
  [300, 65_537],
  [1000, 100_003],
] as const) {
  test(`of ${count} endpoints one leaves a table of ${tableSize}: beside its keys at most 2 % move`, () => {
    const keys = sessionKeys(50_000)
    const ids = addresses(count)
    const before = picks(maglev(ids, 'destination', tableSize), keys).map((index) => ids[index])
    for (const gone of [ids[0], ids[count >> 1], ids[count - 1]]) {
      const rest = ids.filter((id) => id !== gone)
      const after = picks(maglev(rest, 'destination', tableSize), keys).map((index) => rest[index])
      const moved = before.filter((id, n) => id !== gone && id !== after[n]).length
      assert.ok(moved / keys.length <= 0.02, `${moved} of ${keys.length}`)
      assert.ok(!after.includes(gone))
    }
  })
}

test('slots differ in their number by at most one', () => {
  const slots = 65_537
  for (const count of [2, 7, 100]) {
    const middles = Array.from({ length: slots }, (_, slot) => Math.floor(((slot + 0.5) / slots) * 2 ** 53))
    const owned = new Array<number>(count).fill(0)
    for (const index of picks(maglev(addresses(count), 'destination'), middles)) owned[index] = (owned[index] ?? 0) + 1
    assert.ok(Math.max(...owned) - Math.min(...owned) <= 1)
  }
})

test('a key of an unusable owner is hashed anew: with half of 100 endpoints unusable few questions are asked', () => {
  const pick = maglev(addresses(100), 'destination')
  let questions = 0
  const keys = sessionKeys(10_000)
  for (const key of keys) {
    pick(key, (index) => {
      questions++
      return index % 2 === 0
    })
  }
  assert.ok(questions / keys.length < 2.2)
})

test('the greatest table is built, and serves', () => {
  assert.ok(maglev(addresses(3), 'destination', 5_000_011)(2 ** 53 - 1, all) >= 0)
})

test('a table size that is no prime number, or too great, is refused, also without endpoints', () => {
  for (const tableSize of [-3, 0, 1, 4, 65_536, 65_537.5, 5_000_010, 5_000_077, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => maglev([], 'destination', tableSize), RangeError, `${tableSize}`)
  }
})
