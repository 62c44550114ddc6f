import type { Picker, Random } from './picker.ts'

/**
 * Draws in proportion to the weights of those that are usable at the moment, so the share of an unusable one is spread
 * over the others pro rata. Weight 0 is never drawn, not even when nothing else is usable; only when *all* weights are
 * 0 do they count as equal.
 *
 * Throws RangeError on a weight that is negative or not finite.
 */
export function weightedRandom(weights: readonly number[], random: Random = Math.random): Picker {
  for (const weight of weights) {
    if (!Number.isFinite(weight) || weight < 0) throw new RangeError(`weight ${weight} is not a number from 0 up`)
  }
  const shares = weights.every((weight) => weight === 0) ? weights.map(() => 1) : weights
  const upTo = new Float64Array(shares.length) // running totals of one draw; kept to spare an allocation per draw
  return (_key, usable) => {
    let total = 0
    let last = -1
    for (const [index, share] of shares.entries()) {
      if (share > 0 && usable(index)) {
        total += share
        last = index
      }
      upTo[index] = total
    }
    if (last === -1) return -1
    const drawn = random() * total
    const index = upTo.findIndex((bound) => bound > drawn)
    return index === -1 ? last : index // rounding may put the draw on the very end
  }
}
