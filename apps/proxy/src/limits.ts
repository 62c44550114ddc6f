/** The smaller of two limits of which 0 means none. */
export function smallerLimit(one: number, other: number): number {
  if (one === 0) return other
  return other === 0 ? one : Math.min(one, other)
}
