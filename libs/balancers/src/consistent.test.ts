import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { addresses, all, allBut, picks, sessionKeys, tally } from './fixtures.ts'
import { maglev, type Picker, ringHash } from './index.ts'

/** What holds for ring and table alike. */
const algorithms: readonly {
  name: string
  build: (ids: readonly string[], salt: string) => Picker
  tolerance: number
}[] = [
  { name: 'ring hash', build: ringHash, tolerance: 0.35 },
  {
    name: 'ring hash with few nodes',
    build: (ids, salt) => ringHash(ids, salt, { min: 1, max: 8_388_608 }),
    tolerance: 0.35,
  },
  { name: 'maglev', build: maglev, tolerance: 0.02 },
  { name: 'maglev with 101 slots', build: (ids, salt) => maglev(ids, salt, 101), tolerance: 0.02 },
]
const keys = sessionKeys(20_000)

/** Points spread evenly over all keys, so that shares are measured without the chance in a sample of sessions. */
const spread = (count: number) => Array.from({ length: count }, (_, n) => Math.floor(((n + 0.5) / count) * 2 ** 53))

for (const { name, build, tolerance } of algorithms) {
  for (const count of [2, 3, 10, 100, 500]) {
    test(`${name} gives each of ${count} endpoints its share within ${tolerance * 100} %`, () => {
      const size = Math.max(200_003, count * 2003)
      for (const share of tally(picks(build(addresses(count), 'destination'), spread(size)), count)) {
        const off = Math.abs((share / size) * count - 1)
        assert.ok(off < tolerance, `a share is off by ${off}`)
      }
    })
  }

  test(`${name}: while endpoints are unusable only their keys are elsewhere, and exactly those come back`, () => {
    const pick = build(addresses(10), 'destination')
    const before = picks(pick, keys)
    const down = fc.uniqueArray(fc.nat(9), { minLength: 1, maxLength: 9 })
    fc.assert(
      fc.property(down, (indexes) => {
        const meanwhile = picks(pick, keys.slice(0, 1000), allBut(...indexes))
        for (const [n, index] of meanwhile.entries()) {
          const usual = before[n] ?? -1
          if (!indexes.includes(usual)) assert.equal(index, usual)
          else assert.ok(index >= 0 && !indexes.includes(index))
        }
      }),
      { numRuns: 50 },
    )
    assert.deepEqual(picks(pick, keys), before)
  })

  test(`${name}: the keys of an unusable endpoint spread over all others`, () => {
    const pick = build(addresses(10), 'destination')
    const homeless = sessionKeys(100_000).filter((key) => pick(key, all) === 3)
    const times = tally(picks(pick, homeless, allBut(3)), 10)
    for (const [index, count] of times.entries()) {
      if (index === 3) continue
      assert.ok(count > homeless.length / 9 / 2 && count < (homeless.length / 9) * 1.5, `${index}: ${count}`)
    }
  })

  test(`${name}: the last usable one of many serves every key`, () => {
    const pick = build(addresses(500), 'destination')
    for (const key of keys.slice(0, 100))
      assert.equal(
        pick(key, (index) => index === 77),
        77,
      )
  })

  test(`${name} chooses the same whatever the order of the endpoints`, () => {
    const ids = addresses(12)
    const before = picks(build(ids, 'destination'), keys.slice(0, 500)).map((index) => ids[index])
    fc.assert(
      fc.property(fc.shuffledSubarray([...ids], { minLength: 12 }), (shuffled) => {
        const after = picks(build(shuffled, 'destination'), keys.slice(0, 500)).map((index) => shuffled[index])
        assert.deepEqual(after, before)
      }),
      { numRuns: 10 },
    )
  })

  test(`${name}: two destinations with the same endpoints choose independently`, () => {
    const one = picks(build(addresses(2), 'destination-a'), sessionKeys(100_000))
    const other = picks(build(addresses(2), 'destination-b'), sessionKeys(100_000))
    const same = one.filter((index, n) => index === other[n]).length / one.length
    assert.ok(same > 0.4 && same < 0.6, `${same}`)
  })

  test(`${name}: an endpoint that is listed twice does no harm`, () => {
    const pick = build(['a:1', 'b:1', 'a:1'], 'destination')
    for (const key of keys.slice(0, 500)) {
      assert.ok(pick(key, all) >= 0)
      for (const only of [0, 1, 2])
        assert.equal(
          pick(key, (index) => index === only),
          only,
        )
    }
  })

  test(`${name} serves keys at the ends of their range, and answers -1 without endpoints`, () => {
    for (const key of [0, 1, 2 ** 53 - 2, 2 ** 53 - 1]) {
      assert.ok(build(addresses(3), 'destination')(key, all) >= 0)
      assert.equal(build([], 'destination')(key, all), -1)
    }
  })
}
