/**
 * The candidate that the word is probably a misspelling of, or undefined when none is near. Case, `_` and `-` do not
 * count; otherwise up to a third of the letters may differ (an exchange of two neighbours is one difference).
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const plain = simplify(word)
  let limit = Math.max(1, Math.floor(plain.length / 3))
  let best: string | undefined
  for (const candidate of candidates) {
    const distance = editDistance(plain, simplify(candidate), limit)
    if (distance === 0) return candidate
    if (distance < limit || (distance === limit && best === undefined)) {
      best = candidate
      limit = distance
    }
  }
  return best
}

function simplify(word: string): string {
  return word.slice(0, 128).toLowerCase().replaceAll(/[_-]/g, '')
}

/** Optimal string alignment distance; any number above the limit means "more than the limit". */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1]
      let cost = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      )
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1])
        cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1)
      current.push(cost)
    }
    if (Math.min(...current) > limit) return limit + 1
    beforeLast = last
    last = current
  }
  return last[b.length] ?? limit + 1
}
