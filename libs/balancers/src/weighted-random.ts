import type { Picker, Random } from './picker.ts'
import { sharesOf } from './shares.ts'

/**
 * Draws in proportion to the weights of those that are usable at the moment, so the share of an unusable one is spread
 * over the others pro rata. Weight 0 is never drawn, not even when nothing else is usable; only when *all* weights are
 * 0 do they count as equal.
 *
 * Throws RangeError on a weight that is negative or not finite.
 */
export function weightedRandom(weights: readonly number[], random: Random = Math.random): Picker {
  const shares = sharesOf(weights)
  const count = shares.length
  const upTo = new Float64Array(count) // running totals of one draw; kept to spare an allocation per draw
  return (_key, usable) => {
    let total = 0
    let last = -1
    for (let index = 0; index < count; index++) {
      const share = shares[index] ?? 0
      if (share > 0 && usable(index)) {
        total += share
        last = index
      }
      upTo[index] = total
    }
    if (last === -1) return -1
    const drawn = random() * total
    for (let index = 0; index < last; index++) if ((upTo[index] ?? 0) > drawn) return index
    return last // also when rounding puts the draw on the very end
  }
}
