/** Percentile `p` (0 to 100) of values by the nearest rank; throws on an empty list. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const value = sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)]
  if (value === undefined) throw new Error('no values')
  return value
}

/** Median, 95th percentile and maximum as one piece of text, in milliseconds. */
export function spread(milliseconds: readonly number[]): string {
  const text = (p: number): string => percentile(milliseconds, p).toFixed(1)
  return `median ${text(50)} ms, p95 ${text(95)} ms, max ${text(100)} ms`
}
