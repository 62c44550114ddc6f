import { fmix, murmur64 } from './murmur.ts'

/*
 * All pickers that hash take the same key: the upper 53 bits of a 64-bit hash, as an integer. That is what a JavaScript
 * number holds exactly, so a key is passed and compared as a plain number. The chance that two of a million
 * clients share a key is 1 in 18,000, and then they merely share an endpoint.
 */

/** Number of different keys: a key is an integer from 0 to one below. */
export const keySpace = 2 ** 53

/** How many of the lower lane's bits a key has. */
const lowSpace = 2 ** 21

/**
 * The key of a text (a session id, the value of a header, a client address) for the pickers that hash. Stable for ever:
 * the same on every proxy, in every version.
 */
export function hashKey(text: string): number {
  const { high, low } = murmur64(text)
  return joined(high, low)
}

/** The upper 32 bits of a key. */
export function highBits(key: number): number {
  return Math.floor(key / lowSpace)
}

/** The lower 21 bits of a key. */
export function lowBits(key: number): number {
  return key - Math.floor(key / lowSpace) * lowSpace // much faster than the remainder of a number this large
}

/**
 * Another key out of two lanes and two lanes of salt: for each salt an independent one. Both lanes must have been
 * hashed before; a salt may be as plain as a counter. Stable for ever, as `hashKey`.
 */
export function mixed(high: number, low: number, saltHigh: number, saltLow: number): number {
  const first = fmix(high ^ saltHigh)
  // The constant (of the golden ratio) keeps lanes of 0 from staying 0.
  const second = fmix(((low ^ saltLow) + first + 0x9e3779b9) | 0)
  return joined(fmix(first ^ second) >>> 0, second >>> 0)
}

function joined(high: number, low: number): number {
  return high * lowSpace + (low >>> 11)
}
