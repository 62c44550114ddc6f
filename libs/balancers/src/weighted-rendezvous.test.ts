import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { all, allBut, picks, sessionKeys, sharesWithinOnePoint } from './fixtures.ts'
import { hashKey, weightedRendezvous } from './index.ts'

const names = ['api-v1', 'api-v2', 'api-v3', 'api-v4', 'api-v5']
const keys = sessionKeys(100_000)
const someKeys = keys.slice(0, 2000)

const entriesOf = (weights: readonly number[]) => weights.map((weight, index) => ({ id: names[index] ?? '', weight }))
const rendezvous = (weights: readonly number[], salt = 'route') => weightedRendezvous(entriesOf(weights), salt)

const shareCases = [
  { name: 'an 80/20 split', weights: [80, 20], down: [], shares: [0.8, 0.2] },
  { name: 'thirds', weights: [34, 33, 33], down: [], shares: [0.34, 0.33, 0.33] },
  { name: 'a canary', weights: [99, 1], down: [], shares: [0.99, 0.01] },
  { name: 'a weight of 0 beside others', weights: [0, 100, 0], down: [], shares: [0, 1, 0] },
  { name: 'weights that are all 0 as equal', weights: [0, 0], down: [], shares: [0.5, 0.5] },
  { name: 'the share of an unusable one pro rata', weights: [50, 30, 20], down: [0], shares: [0, 0.6, 0.4] },
  { name: 'a single one whatever its weight', weights: [0], down: [], shares: [1] },
] as const

for (const { name, weights, down, shares } of shareCases) {
  test(`rendezvous keeps ${name} within one point over 100,000 sessions`, () => {
    sharesWithinOnePoint(picks(rendezvous(weights), keys, allBut(...down)), shares)
  })
}

test('rendezvous keeps the shares also for ids that a client counts up', () => {
  const counted = Array.from({ length: 100_000 }, (_, n) => hashKey(`user-${n}`))
  sharesWithinOnePoint(picks(rendezvous([80, 20]), counted), [0.8, 0.2])
})

test('from 80/20 to 60/40 at most 22 % of the sessions move, all from the shrinking to the growing one', () => {
  const before = picks(rendezvous([80, 20]), keys)
  const after = picks(rendezvous([60, 40]), keys)
  const moved = keys.flatMap((_, n) => (before[n] === after[n] ? [] : [`${before[n]} to ${after[n]}`]))
  assert.deepEqual([...new Set(moved)], ['0 to 1'])
  assert.ok(moved.length / keys.length <= 0.22)
  assert.ok(moved.length / keys.length >= 0.18)
})

test('a session moves only to one whose weight grew in comparison with that of the one it leaves', () => {
  const weights = fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 5, maxLength: 5 })
  fc.assert(
    fc.property(weights, weights, (old, next) => {
      fc.pre(old.some(Boolean) && next.some(Boolean))
      const before = picks(rendezvous(old), someKeys)
      const after = picks(rendezvous(next), someKeys)
      for (const [n, from] of before.entries()) {
        const to = after[n] ?? -1
        if (from === to) continue
        assert.ok((next[to] ?? 0) * (old[from] ?? 0) > (next[from] ?? 0) * (old[to] ?? 0), `${from} to ${to}`)
      }
    }),
    { numRuns: 50 },
  )
})

test('while one is unusable only its sessions are elsewhere, and exactly those come back', () => {
  const pick = rendezvous([50, 30, 20])
  const before = picks(pick, keys)
  const meanwhile = picks(pick, keys, allBut(1))
  for (const [n, index] of before.entries()) {
    if (index === 1) assert.notEqual(meanwhile[n], 1)
    else assert.equal(meanwhile[n], index)
  }
  assert.deepEqual(picks(pick, keys), before)
})

test('one that leaves the list takes along only its sessions, and the order of the list plays no part', () => {
  const entries = entriesOf([30, 20, 10, 15, 25])
  const ids = (list: typeof entries) => picks(weightedRendezvous(list, 'route'), someKeys).map((n) => list[n]?.id)
  const before = ids(entries)
  assert.deepEqual(ids(entries.toReversed()), before)
  const after = ids(entries.filter(({ id }) => id !== 'api-v2'))
  for (const [n, id] of before.entries()) if (id !== 'api-v2') assert.equal(after[n], id)
})

test('the next choice is that of the call that leaves the earlier ones out', () => {
  const pick = rendezvous([30, 20, 10, 15, 25])
  for (const key of someKeys) {
    const asked: number[] = []
    pick(key, (index) => asked.push(index) === 0) // never a yes
    assert.equal(asked.length, 5)
    for (const [at, index] of asked.entries()) assert.equal(pick(key, allBut(...asked.slice(0, at))), index)
  }
})

test('one of weight 0 is not chosen, not even when nothing else is usable', () => {
  assert.deepEqual(picks(rendezvous([100, 0]), someKeys, allBut(0)), new Array(someKeys.length).fill(-1))
})

test('two routes choose independently for the same session', () => {
  const one = picks(rendezvous([50, 50], 'route-a'), keys)
  const other = picks(rendezvous([50, 50], 'route-b'), keys)
  sharesWithinOnePoint(
    one.map((index, n) => index * 2 + (other[n] ?? 0)),
    [0.25, 0.25, 0.25, 0.25],
  )
})

test('keys at the ends of their range are served', () => {
  for (const key of [0, 1, 2 ** 53 - 1]) assert.ok(rendezvous([1, 1])(key, all) >= 0)
})

test('weights that are no weights are refused', () => {
  for (const weight of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => rendezvous([1, weight]), RangeError)
  }
})
