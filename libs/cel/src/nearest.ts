/** The candidate that `word` is probably a misspelling of: at most a third of its letters (at least one) differ. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined
  let least = Math.max(1, Math.floor(word.length / 3)) + 1
  for (const candidate of candidates) {
    const distance = differences(word.toLowerCase(), candidate.toLowerCase())
    if (distance >= least) continue
    least = distance
    best = candidate
  }
  return best
}

/** Edit distance in which exchanging two neighbours is one edit. */
function differences(left: string, right: string): number {
  let before: number[] = []
  let last = Array.from({ length: right.length + 1 }, (_, column) => column)
  for (let row = 1; row <= left.length; row++) {
    const current = [row]
    for (let column = 1; column <= right.length; column++) {
      const cost = left[row - 1] === right[column - 1] ? 0 : 1
      const swapped = cost === 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]
      const options = [at(last, column) + 1, at(current, column - 1) + 1, at(last, column - 1) + cost]
      if (swapped) options.push(at(before, column - 2) + 1)
      current.push(Math.min(...options))
    }
    before = last
    last = current
  }
  return at(last, right.length)
}

const at = (numbers: readonly number[], index: number) => numbers[index] ?? Number.POSITIVE_INFINITY
