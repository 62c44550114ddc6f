import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { all, allBut, draw } from './fixtures.ts'
import { leastRequest } from './index.ts'
import { seededRandom } from './seeded-random.ts'

for (const choiceCount of [1, 2, 3, 10]) {
  test(`without load ${choiceCount} choices give each endpoint the same share`, () => {
    const drawn = draw(
      leastRequest(5, () => 3, choiceCount, seededRandom(choiceCount)),
      100_000,
      5,
      allBut(2),
    )
    assert.equal(drawn[2], 0)
    for (const index of [0, 1, 3, 4]) assert.ok(Math.abs((drawn[index] ?? 0) / 100_000 - 0.25) < 0.01)
  })
}

test('of different ones the one with the least load is picked, of equals each equally often', () => {
  const drawn = draw(
    leastRequest(3, (index) => [1, 0, 0][index] ?? 0, 2, seededRandom(9)),
    90_000,
    3,
  )
  // The pairs (0,1), (0,2), (1,2) are equally likely.
  assert.equal(drawn[0], 0)
  assert.ok(Math.abs((drawn[1] ?? 0) / 90_000 - 0.5) < 0.01)
})

test('as many usable ones are compared as are asked for, or all, and the least of them is picked', () => {
  const endpoints = fc.array(fc.record({ load: fc.nat(5), up: fc.boolean() }), { minLength: 1, maxLength: 12 })
  fc.assert(
    fc.property(endpoints, fc.integer({ min: 1, max: 15 }), fc.integer(), (list, choiceCount, seed) => {
      const compared: number[] = []
      const load = (index: number) => {
        compared.push(index)
        return list[index]?.load ?? 0
      }
      const pick = leastRequest(list.length, load, choiceCount, seededRandom(seed))
      for (let n = 0; n < 5; n++) {
        compared.length = 0
        const picked = pick(0, (index) => list[index]?.up === true)
        const up = list.filter((endpoint) => endpoint.up).length
        assert.equal(new Set(compared).size, compared.length)
        assert.equal(compared.length, Math.min(choiceCount, up))
        assert.ok(compared.every((index) => list[index]?.up === true))
        const least = Math.min(...compared.map((index) => list[index]?.load ?? 0))
        if (up > 0) assert.equal(list[picked]?.load, least)
      }
    }),
  )
})

for (const count of [2, 4, 10]) {
  test(`one of ${count} endpoints that is 100 times slower gets under 5 % of a saturating load`, () => {
    const { picked, inFlight } = saturate(count, 100)
    assert.ok((picked[0] ?? 0) / 100_000 < 0.05, `${picked[0]} of 100,000`)
    assert.ok(inFlight.every((requests) => requests === 0))
    for (const times of picked.slice(1)) assert.ok(times > 100_000 / count / 1.2)
  })
}

test('random choice, for comparison, gives the slow endpoint its full share', () => {
  const { picked } = saturate(4, 100, 1)
  assert.ok((picked[0] ?? 0) / 100_000 > 0.2)
})

test('a draw at the very end of the range still answers one that exists', () => {
  const pick = leastRequest(
    3,
    () => 0,
    2,
    () => 1,
  )
  for (let n = 0; n < 10; n++) assert.ok([0, 1, 2].includes(pick(0, all)))
})

test('a number of choices that is none is refused', () => {
  for (const choiceCount of [0, -1, 1.5, Number.NaN]) {
    assert.throws(() => leastRequest(2, () => 0, choiceCount), RangeError)
  }
})

/** 40 requests are always under way until 100,000 were sent; each takes 1 to 3 ticks, at endpoint 0 `slowness` times as many. */
function saturate(count: number, slowness: number, choiceCount = 2) {
  const random = seededRandom(count)
  const inFlight = new Array<number>(count).fill(0)
  const picked = new Array<number>(count).fill(0)
  const pick = leastRequest(count, (index) => inFlight[index] ?? 0, choiceCount, random)
  const ending = new Map<number, number[]>()
  let sent = 0
  let open = 0
  for (let tick = 0; sent < 100_000 || open > 0; tick++) {
    for (const index of ending.get(tick) ?? []) {
      inFlight[index] = (inFlight[index] ?? 0) - 1
      open--
    }
    ending.delete(tick)
    for (; open < 40 && sent < 100_000; open++, sent++) {
      const index = pick(0, all)
      picked[index] = (picked[index] ?? 0) + 1
      inFlight[index] = (inFlight[index] ?? 0) + 1
      const end = tick + (1 + Math.floor(random() * 3)) * (index === 0 ? slowness : 1)
      ending.set(end, [...(ending.get(end) ?? []), index])
    }
  }
  return { picked, inFlight }
}
