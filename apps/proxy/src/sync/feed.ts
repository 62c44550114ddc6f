/** At least this long between two swaps, in milliseconds. */
const swapInterval = 10

/**
 * Takes documents one after the other. Of those that arrive while one is being taken only the newest counts; the others
 * were never wanted for long enough to matter.
 */
export class Feed {
  readonly #take: (text: string) => Promise<void>
  readonly #onMistake: (thrown: unknown) => void
  #newest: string | undefined = undefined
  #running: Promise<void> = Promise.resolve()
  #busy = false

  /**
   * @param take reads a document, applies it and tells how that went; awaited before the next is begun
   * @param onMistake hears of errors that can only be ours; the next document is taken all the same
   */
  constructor(take: (text: string) => Promise<void>, onMistake: (thrown: unknown) => void) {
    this.#take = take
    this.#onMistake = onMistake
  }

  offer(text: string): void {
    this.#newest = text
    if (this.#busy) return
    this.#busy = true
    this.#running = this.#run()
  }

  /** Resolves when everything that was offered is taken or overtaken. */
  async idle(): Promise<void> {
    while (this.#busy) await this.#running
  }

  async #run(): Promise<void> {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      try {
        await this.#take(next)
      } catch (thrown) {
        this.#onMistake(thrown)
      }
      await new Promise((resolve) => setTimeout(resolve, swapInterval))
    }
    this.#busy = false
  }

  #next(): string | undefined {
    const next = this.#newest
    this.#newest = undefined
    return next
  }
}
