/**
 * How long to wait before a failed thing is tried again: twice as long as the time before, up to a ceiling, and of that
 * a random share, so that a fleet that lost its control plane at one moment does not come back at one moment.
 */
export class Backoff {
  readonly #first: number
  readonly #longest: number
  readonly #random: () => number
  #next: number

  /** @param first @param longest milliseconds */
  constructor(first: number, longest: number, random: () => number = Math.random) {
    this.#first = first
    this.#longest = longest
    this.#random = random
    this.#next = first
  }

  /** Milliseconds to wait now. */
  next(): number {
    const limit = this.#next
    this.#next = Math.min(limit * 2, this.#longest)
    return Math.round(this.#random() * limit)
  }

  /** It worked for long enough: the next wait is a short one again. */
  reset(): void {
    this.#next = this.#first
  }
}
