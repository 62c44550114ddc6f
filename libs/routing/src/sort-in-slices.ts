/** Items that are sorted or merged between two yields; some tens of microseconds of work. */
const slice = 256

/**
 * Sorts as `items.toSorted(compare)` does, and stops every few hundred steps, so that the caller can let other work in
 * between.
 */
export function* sortInSlices<Item>(
  items: readonly Item[],
  compare: (a: Item, b: Item) => number,
): Generator<undefined, Item[], undefined> {
  let runs: Item[][] = []
  for (let start = 0; start < items.length; start += slice) {
    runs.push(items.slice(start, start + slice).sort(compare))
    yield
  }
  while (runs.length > 1) {
    const merged: Item[][] = []
    for (let at = 0; at < runs.length; at += 2) merged.push(yield* merge(runs[at] ?? [], runs[at + 1] ?? [], compare))
    runs = merged
  }
  return runs[0] ?? []
}

function* merge<Item>(
  left: readonly Item[],
  right: readonly Item[],
  compare: (a: Item, b: Item) => number,
): Generator<undefined, Item[], undefined> {
  const merged: Item[] = []
  const others = right.values()
  let other = others.next()
  for (const item of left) {
    while (!other.done && compare(other.value, item) < 0) {
      merged.push(other.value)
      other = others.next()
      if (merged.length % slice === 0) yield
    }
    merged.push(item)
    if (merged.length % slice === 0) yield
  }
  for (; !other.done; other = others.next()) merged.push(other.value)
  return merged
}
