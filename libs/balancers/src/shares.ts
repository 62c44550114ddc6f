/**
 * Weights as the pickers of level 1 take them: 0 = no share at all, whatever becomes of the others; only when *all* are
 * 0 do they count as equal. Throws RangeError on a weight that is negative or not finite.
 */
export function sharesOf(weights: readonly number[]): readonly number[] {
  for (const weight of weights) {
    if (!Number.isFinite(weight) || weight < 0) throw new RangeError(`weight ${weight} is not a number from 0 up`)
  }
  return weights.every((weight) => weight === 0) ? weights.map(() => 1) : weights
}
