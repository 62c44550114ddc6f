/** 64 well-mixed bits in two lanes, each an unsigned 32-bit integer. */
export interface Hash64 {
  readonly high: number
  readonly low: number
}

const c1 = 0x239b961b
const c2 = 0xab0e9789
const c3 = 0x38b34ae5
const c4 = 0xa1e38b93

const blockLength = 16
const encoder = new TextEncoder()
const scratch = new Uint8Array(256) // texts up to this length are hashed without an allocation
const scratchView = new DataView(scratch.buffer)
const lanes = new Uint32Array(4)

/**
 * The first 64 bits of MurmurHash3_x86_128 with seed 0 over the UTF-8 bytes of a text. Not for secrets: whoever knows
 * the function can find texts with the same hash.
 *
 * The answer for a text never changes: proxies of different ages and platforms have to agree on it.
 */
export function murmur64(text: string): Hash64 {
  if (fitsScratch(text)) hashPadded(lanes, scratchView, text.length, 0)
  else murmur128(lanes, encoder.encode(text), 0)
  return { high: lanes[0] ?? 0, low: lanes[1] ?? 0 }
}

/**
 * MurmurHash3_x86_128 (Austin Appleby, public domain), the variant for 32-bit arithmetic, which is what JavaScript
 * multiplies fast. Puts the four words of the hash into `into`.
 */
export function murmur128(into: Uint32Array, bytes: Uint8Array, seed: number): void {
  const padded = new Uint8Array(bytes.length + blockLength)
  padded.set(bytes)
  hashPadded(into, new DataView(padded.buffer), bytes.length, seed)
}

/** The finalizer of MurmurHash3 for 32 bits: a bijection in which each bit of the input moves half of the output. */
export function fmix(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}

/** Copies a text into the scratch, with zeros behind it. False when it is too long or would need the encoder. */
function fitsScratch(text: string): boolean {
  const { length } = text
  if (length > scratch.length - blockLength) return false
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index)
    if (code > 0x7f) return false
    scratch[index] = code
  }
  for (let index = length; index % blockLength !== 0; index++) scratch[index] = 0
  return true
}

/** The last block has to be filled up with zeros, which leave the lanes without bytes as they are. */
function hashPadded(into: Uint32Array, view: DataView, length: number, seed: number): void {
  let h1 = seed
  let h2 = seed
  let h3 = seed
  let h4 = seed
  const whole = length - (length % blockLength)
  for (let at = 0; at < whole; at += blockLength) {
    h1 ^= lane(view.getInt32(at, true), c1, 15, c2)
    h1 = (Math.imul((rotate(h1, 19) + h2) | 0, 5) + 0x561ccd1b) | 0
    h2 ^= lane(view.getInt32(at + 4, true), c2, 16, c3)
    h2 = (Math.imul((rotate(h2, 17) + h3) | 0, 5) + 0x0bcaa747) | 0
    h3 ^= lane(view.getInt32(at + 8, true), c3, 17, c4)
    h3 = (Math.imul((rotate(h3, 15) + h4) | 0, 5) + 0x96cd1c35) | 0
    h4 ^= lane(view.getInt32(at + 12, true), c4, 18, c1)
    h4 = (Math.imul((rotate(h4, 13) + h1) | 0, 5) + 0x32ac3b17) | 0
  }
  if (whole < length) {
    h1 ^= lane(view.getInt32(whole, true), c1, 15, c2)
    h2 ^= lane(view.getInt32(whole + 4, true), c2, 16, c3)
    h3 ^= lane(view.getInt32(whole + 8, true), c3, 17, c4)
    h4 ^= lane(view.getInt32(whole + 12, true), c4, 18, c1)
  }
  h1 ^= length
  h2 ^= length
  h3 ^= length
  h4 ^= length
  let first = (h1 + h2 + h3 + h4) | 0
  h1 = fmix(first)
  h2 = fmix((first + h2) | 0)
  h3 = fmix((first + h3) | 0)
  h4 = fmix((first + h4) | 0)
  first = (h1 + h2 + h3 + h4) | 0
  into[0] = first
  into[1] = first + h2
  into[2] = first + h3
  into[3] = first + h4
}

function lane(word: number, before: number, turn: number, after: number): number {
  return Math.imul(rotate(Math.imul(word, before), turn), after)
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}
