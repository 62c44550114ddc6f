/** Lets one piece of work run at a time, in the order in which they came: for work that takes much memory each. */
export class Turns {
  #last: Promise<void> = Promise.resolve()

  /** Runs the work when those before have ended, well or not; resolves and rejects as it does. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work)
    // Nothing of the result is kept, and its failure is its caller's affair.
    const ended = () => undefined
    this.#last = result.then(ended, ended)
    return result
  }
}
