import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Hash64, murmur64, murmur128 } from './murmur.ts'
import { seededRandom } from './seeded-random.ts'

const hex = (words: Iterable<number>) => [...words].map((word) => word.toString(16).padStart(8, '0')).join('')
const hex64 = ({ high, low }: Hash64) => hex([high, low])

function hash128(bytes: Uint8Array, seed: number): Uint32Array {
  const words = new Uint32Array(4)
  murmur128(words, bytes, seed)
  return words
}

/** Published with other implementations of the function. */
const published = [
  ['Hello, world!', 123, '61c9129e5a1aacd7a41621629e37c886'],
  ['Hello, world!', 321, 'd5fbdcb3c26c4193045880c5a7170f0f'],
  ['xxxxxxxxxxxxxxxxxxxxxxxxxxxx', 123, '5e40bab278825a164cf929d31fec6047'],
  ['', 123, 'fedc524526f3e79926f3e79926f3e799'],
  ['', 1, '88c4adec54d201b954d201b954d201b9'],
  ['', 0, '00000000000000000000000000000000'],
  ['0', 0, '0ab2409ea5eb34f8a5eb34f8a5eb34f8'],
  ['01', 0, '0f87acb4674f3b21674f3b21674f3b21'],
  ['012', 0, 'cd94fea54c13d78e4c13d78e4c13d78e'],
  ['0123', 0, 'dc378fea485d3536485d3536485d3536'],
  ['01234', 0, '35c5b3ee7b3b211600ae108800ae1088'],
  ["I will not buy this tobacconist's, it is scratched.", 0, '9b5b7ba2ef3f7866889adeaf00f3f98e'],
] as const

for (const [text, seed, expected] of published) {
  test(`the hash of ${JSON.stringify(text)} with seed ${seed} is the published one`, () => {
    assert.equal(hex(hash128(Buffer.from(text), seed)), expected)
    if (seed === 0) assert.equal(hex64(murmur64(text)), expected.slice(0, 16))
  })
}

test('hashes of all lengths to 255 sum up to the check value of SMHasher for MurmurHash3_x86_128', () => {
  const digests = Buffer.alloc(256 * 16)
  for (let length = 0; length < 256; length++) {
    const bytes = Uint8Array.from({ length }, (_, index) => index)
    for (const [at, word] of hash128(bytes, 256 - length).entries()) digests.writeUInt32LE(word, length * 16 + at * 4)
  }
  assert.equal(hash128(digests, 0)[0], 0xb3ece62a)
})

test('a text has the hash of its UTF-8 bytes, whatever its length and characters', () => {
  const texts = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.string({ maxLength: 600 }))
  fc.assert(
    fc.property(texts, fc.string(), (text, before) => {
      murmur64(before) // must leave nothing behind
      assert.equal(hex64(murmur64(text)), hex(hash128(Buffer.from(text), 0).subarray(0, 2)))
    }),
  )
  for (const length of [239, 240, 241, 255, 256, 257, 10_000]) {
    const text = 'a'.repeat(length)
    assert.equal(hex64(murmur64(text)), hex(hash128(Buffer.from(text), 0).subarray(0, 2)), `${length} characters`)
  }
})

test('each bit of a text moves each bit of the hash in about half of the cases', () => {
  const random = seededRandom(11)
  const cases = 1000
  for (const length of [8, 32]) {
    for (let at = 0; at < length; at += 3) {
      const moved = new Array<number>(64).fill(0)
      for (let n = 0; n < cases; n++) {
        const bytes = Buffer.from(Array.from({ length }, () => Math.floor(random() * 128)))
        const before = murmur64(bytes.toString('latin1'))
        bytes[at] = (bytes[at] ?? 0) ^ (1 << (n % 7))
        const after = murmur64(bytes.toString('latin1'))
        for (let bit = 0; bit < 32; bit++) {
          moved[bit] = (moved[bit] ?? 0) + (((before.high ^ after.high) >>> bit) & 1)
          moved[bit + 32] = (moved[bit + 32] ?? 0) + (((before.low ^ after.low) >>> bit) & 1)
        }
      }
      // Six standard deviations of 1000 throws of a coin are 0.095.
      for (const [bit, times] of moved.entries()) assert.ok(Math.abs(times / cases - 0.5) < 0.1, `bit ${bit}: ${times}`)
    }
  }
})
