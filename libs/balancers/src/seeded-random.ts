import type { Random } from './picker.ts'

/**
 * A small generator (mulberry32) that gives the same numbers for the same seed: choices that are to be told beforehand,
 * or repeated. Not for anything that must not be guessed. `seed` is an integer; its lower 32 bits count.
 */
export function seededRandom(seed: number): Random {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
