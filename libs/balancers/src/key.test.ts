import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { hashKey, highBits, keySpace, lowBits, mixed } from './key.ts'
import { murmur64 } from './murmur.ts'
import { seededRandom } from './seeded-random.ts'

test('a key is the upper 53 bits of the hash', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const { high, low } = murmur64(text)
      const key = hashKey(text)
      assert.equal(BigInt(key), ((BigInt(high) << 32n) | BigInt(low)) >> 11n)
      assert.deepEqual([highBits(key), lowBits(key)], [high, low >>> 11])
    }),
  )
})

/** Never to be changed: a proxy that hashes otherwise sends clients elsewhere than the others do. */
const golden: readonly (readonly [string, number])[] = [
  ['', 0],
  ['a', 5896210150501078],
  ['0f8fad5bd9cb469fa16570867728950e', 4863817282111813],
  ['192.0.2.17', 1462997282067310],
  ['2001:db8::1', 5989317471407298],
  ['10.0.0.1:8080', 1751261256933189],
  ['grüße', 546018628619755],
  ['日本語 🎉', 1772072829649637],
  ['x'.repeat(300), 871076514847923],
]

for (const [text, key] of golden) {
  test(`the key of ${JSON.stringify(text.slice(0, 40))} stays ${key}`, () => {
    assert.equal(hashKey(text), key)
  })
}

/** Never to be changed either: places on rings and in tables come from these. */
const goldenMixed: readonly (readonly [readonly [number, number, number, number], number])[] = [
  [[0, 0, 0, 0], 5989913530095941],
  [[0, 0, 0, 1], 3974566411162655],
  [[1, 0, 0, 0], 3928812358864039],
  [[0xffffffff, 0xffffffff, 0, 0], 979658024541759],
  [[0xdeadbeef, 0x1cebd, 0x12345678, 0x9abcdef0], 193221938735786],
]

for (const [lanes, key] of goldenMixed) {
  test(`the lanes ${lanes.join(', ')} stay mixed to ${key}`, () => {
    assert.equal(mixed(...lanes), key)
  })
}

test('mixed keys lie in the space of the keys', () => {
  const lane = fc.integer({ min: 0, max: 0xffffffff })
  fc.assert(
    fc.property(lane, lane, lane, lane, (...lanes) => {
      const key = mixed(...lanes)
      assert.ok(Number.isInteger(key) && key >= 0 && key < keySpace)
    }),
  )
})

test('keys mixed with a counter, or with salts that differ in one bit, fill the space evenly and independently', () => {
  const random = seededRandom(5)
  const [high, low] = [random() * 2 ** 32, random() * 2 ** 32]
  const counted = Array.from({ length: 65_536 }, (_, node) => mixed(high, low, 0, node))
  assert.ok(chiSquare(counted.map((key) => Math.floor(key / 2 ** 45))) < 400)
  for (const [saltHigh, saltLow] of [
    [1, 0],
    [0, 1],
    [0x80000000, 0],
    [0, 0x80000000],
  ] as const) {
    // Sixteen parts for the one, times sixteen for the other: each of the 256 pairs equally often.
    const pairs = Array.from({ length: 65_536 }, () => {
      const lanes = [Math.floor(random() * 2 ** 32), Math.floor(random() * 2 ** 32)] as const
      const one = mixed(...lanes, 0, 0)
      const other = mixed(...lanes, saltHigh, saltLow)
      return Math.floor(one / 2 ** 49) * 16 + Math.floor(other / 2 ** 49)
    })
    assert.ok(chiSquare(pairs) < 400, `salt ${saltHigh} ${saltLow}: ${chiSquare(pairs)}`)
  }
})

/** Of numbers from 0 to 255; about 255 for chance, over 400 in one of a hundred million cases. */
function chiSquare(numbers: readonly number[]): number {
  const expected = numbers.length / 256
  const times = new Array<number>(256).fill(0)
  for (const number of numbers) times[number] = (times[number] ?? 0) + 1
  return times.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
}
