import type { CelLimits } from './limits.ts'

/**
 * The budget of the evaluation that is running; there is never more than one, since evaluation does not wait.
 *
 * What is bounded: everything that can multiply work. A comprehension pays, before its first round, rounds x nodes of
 * its body; results that can outgrow their operands (`+` on strings and lists, replace, split, join) and searches in
 * text (matches, size) pay one step per 256 units of text or per list element. At each round and each such payment
 * that is large the clock is read. So no list and no text larger than the budget allows comes into being beyond the
 * operation that made it, and no more rounds run than steps were there.
 *
 * What is not: the other nodes of an expression run without a count. Outside of comprehensions each runs once, so
 * there are at most as many as the limit of nodes, each linear in a value that the request brought along (`==`, `in`,
 * `contains` on a body of the buffered size). The clock is read between operations, never inside one; the overrun is
 * one operation.
 *
 * When the budget is spent nothing is thrown, because `&&`, `||`, `all` and `exists` would absorb it: loops end, lists
 * and texts become empty, and the evaluation as a whole fails afterwards, whatever it came to.
 */
let steps = 0
let deadline = 0
let milliseconds = 0
let rounds = 0
let isSpent = false

/** Called before each evaluation of an expression that has anything to pay for. */
export function openBudget(limits: CelLimits): void {
  steps = limits.steps
  milliseconds = limits.milliseconds
  deadline = 0
  rounds = 0
  isSpent = false
}

/** Whether the evaluation has to fail. */
export function spent(): boolean {
  return isSpent
}

/** Takes steps from the budget; false when they are not there. */
export function pay(count: number): boolean {
  if (isSpent) return false
  steps -= count
  if (steps < 0) isSpent = true
  else if (count >= 16) readClock()
  return !isSpent
}

/** Takes the price of handling so much text. */
export function payText(length: number): boolean {
  return length < 256 ? !isSpent : pay(Math.floor(length / 256))
}

/** Called at each round of a comprehension, whose steps are paid already; false when the time is over. */
export function nextRound(): boolean {
  if ((rounds++ & 7) === 0) readClock()
  return !isSpent
}

function readClock(): void {
  const now = performance.now()
  if (deadline === 0) deadline = now + milliseconds
  else if (now > deadline) isSpent = true
}
