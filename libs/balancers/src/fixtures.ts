import { hashKey } from './key.ts'
import type { Picker } from './picker.ts'
import { seededRandom } from './seeded-random.ts'

/** Only tests and benchmarks use this file: randomness that can be repeated, endpoints, sessions, counted picks. */

/** Everything is usable. */
export const all = (): boolean => true

/** Everything but some is usable. */
export function allBut(...down: readonly number[]): (index: number) => boolean {
  return (index) => !down.includes(index)
}

/** Ids of endpoints that differ in little, as those of one network do. */
export function addresses(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `10.0.${index >> 8}.${index & 0xff}:8080`)
}

/** Session ids as the cookies carry them: 32 hexadecimal characters. */
export function sessionIds(count: number, seed = 1): readonly string[] {
  const random = seededRandom(seed)
  const word = () =>
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0')
  // Through a buffer, so that each is one piece of memory as a header that was read is, not a chain of pieces.
  return Array.from({ length: count }, () => Buffer.from(word() + word() + word() + word()).toString('latin1'))
}

/** The keys of as many sessions. */
export function sessionKeys(count: number, seed = 1): readonly number[] {
  return sessionIds(count, seed).map(hashKey)
}

/** What is picked for each key. */
export function picks(
  pick: Picker,
  keys: readonly number[],
  usable: (index: number) => boolean = all,
): readonly number[] {
  return keys.map((key) => pick(key, usable))
}

/** How often each of `count` was picked. */
export function tally(picked: readonly number[], count: number): readonly number[] {
  const times = new Array<number>(count).fill(0)
  for (const index of picked) times[index] = (times[index] ?? 0) + 1
  return times
}

/** How often each of `count` is drawn in as many picks without a key. */
export function draw(
  pick: Picker,
  times: number,
  count: number,
  usable: (index: number) => boolean = all,
): readonly number[] {
  return tally(picks(pick, new Array<number>(times).fill(0), usable), count)
}

/** Fails unless each share of the picks is within one point (a hundredth of all) of the expected one. */
export function sharesWithinOnePoint(picked: readonly number[], expected: readonly number[]): void {
  const times = tally(picked, expected.length)
  for (const [index, share] of expected.entries()) {
    const got = (times[index] ?? 0) / picked.length
    if (Math.abs(got - share) >= 0.01 || (share === 0 && got > 0)) {
      throw new Error(`${index} was picked in ${got} of all cases instead of ${share}`)
    }
  }
}
