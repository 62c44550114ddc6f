/** The middle of several measurements and how far they lie apart. */
export interface Spread {
  readonly median: number
  readonly low: number
  readonly high: number
}

/** Percentile `p` (0 to 100) of values by the nearest rank; throws on an empty list. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const value = sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)]
  if (value === undefined) throw new Error('no values')
  return value
}

/** The middle value; of an even number of values the mean of the two in the middle. Throws on an empty list. */
export function median(values: readonly number[]): number {
  const lower = percentile(values, 50)
  const upper = -percentile(
    values.map((value) => -value),
    50,
  )
  return (lower + upper) / 2
}

/** Median, smallest and largest value; throws on an empty list. */
export function spreadOf(values: readonly number[]): Spread {
  return { median: median(values), low: percentile(values, 0), high: percentile(values, 100) }
}

/**
 * Ratios of what was measured in the same rounds: the value of round n over the other's value of round n. What slows
 * the machine for a while slows both, and falls out. Rounds in which the other did nothing are left out; undefined when
 * none is left.
 */
export function ratioOf(values: readonly number[], others: readonly number[]): Spread | undefined {
  const ratios = values.flatMap((value, round) => {
    const other = others[round]
    return other === undefined || other === 0 ? [] : [value / other]
  })
  return ratios.length === 0 ? undefined : spreadOf(ratios)
}

/** By how much y grows when x grows by one: the slope of the straight line with the least squares; 0 for one point. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const n = points.length
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / n
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / n
  const spreadX = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  if (spreadX === 0) return 0
  return points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spreadX
}
