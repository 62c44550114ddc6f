/** Resolves when everything else that is due had its turn: what long work waits for between two slices. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
