import { highBits, lowBits, mixed } from './key.ts'
import { murmur64 } from './murmur.ts'
import type { Picker } from './picker.ts'
import { sharesOf } from './shares.ts'

/** One of those that a key is shared out to. */
export interface WeightedEntry {
  /** What keeps its keys when the list changes: the id of the destination. */
  readonly id: string
  /** From 0 up; only the ratios count. */
  readonly weight: number
}

/**
 * Weighted rendezvous hashing (highest random weight): a key goes to the entry with the highest score
 * -weight / ln(u), where u in (0, 1) is the hash of key, salt and id. Shares follow the weights closely, and a key moves
 * from one entry to another only if the weight of the other grew in comparison. While an entry is unusable its keys
 * spread over the others by weight; all come back when it is usable again. The order of the list plays no part.
 *
 * `salt` separates users of the same keys, so that they choose independently: the id of the route. Weight 0 is never
 * chosen, not even when nothing else is usable; only when *all* weights are 0 do they count as equal.
 *
 * Throws RangeError on a weight that is negative or not finite.
 */
export function weightedRendezvous(entries: readonly WeightedEntry[], salt: string): Picker {
  const shares = Float64Array.from(sharesOf(entries.map(({ weight }) => weight)))
  const salts = entries.map(({ id }) => murmur64(`${salt}\0${id}`))
  const saltHigh = Uint32Array.from(salts, ({ high }) => high)
  const saltLow = Uint32Array.from(salts, ({ low }) => low)
  const count = entries.length
  // -ln(u) / weight, so the nearest has the highest score; kept to spare an allocation per pick.
  const distances = new Float64Array(count)
  return (key, usable) => {
    const high = highBits(key)
    const low = lowBits(key)
    for (let index = 0; index < count; index++) {
      const share = shares[index] ?? 0
      const hash = mixed(high, low, saltHigh[index] ?? 0, saltLow[index] ?? 0)
      distances[index] = share > 0 ? -Math.log(unit(hash)) / share : Number.POSITIVE_INFINITY
    }
    for (;;) {
      const index = nearest(distances)
      if (index === -1 || usable(index)) return index
      distances[index] = Number.POSITIVE_INFINITY
    }
  }
}

/** A key as a number strictly between 0 and 1: 52 bits and a half, for with 53 the greatest would round to 1. */
function unit(key: number): number {
  return (Math.floor(key / 2) + 0.5) / 2 ** 52
}

function nearest(distances: Float64Array): number {
  let best = Number.POSITIVE_INFINITY
  let found = -1
  for (let index = 0; index < distances.length; index++) {
    const distance = distances[index] ?? best
    if (distance < best) {
      best = distance
      found = index
    }
  }
  return found
}
