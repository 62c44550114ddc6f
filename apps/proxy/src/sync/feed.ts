import type { SnapshotDocument } from '@vrata/model'
import type { Applied } from '../activation.ts'

/** A document with the text it came as. */
export interface Offered {
  readonly document: SnapshotDocument
  readonly text: string
}

/** At least this long between two swaps, in milliseconds. */
const swapInterval = 10

/**
 * Applies documents one after the other. Of those that arrive while one is being applied only the newest is applied;
 * the others were never wanted for long enough to matter.
 */
export class Feed {
  readonly #apply: (document: SnapshotDocument) => Promise<Applied>
  readonly #onApplied: (offered: Offered, applied: Applied) => Promise<void>
  readonly #onMistake: (thrown: unknown) => void
  #newest: Offered | undefined = undefined
  #running: Promise<void> = Promise.resolve()
  #busy = false

  /**
   * @param onApplied awaited before the next document is begun
   * @param onMistake hears of errors that can only be ours; the next document is applied all the same
   */
  constructor(
    apply: (document: SnapshotDocument) => Promise<Applied>,
    onApplied: (offered: Offered, applied: Applied) => Promise<void>,
    onMistake: (thrown: unknown) => void,
  ) {
    this.#apply = apply
    this.#onApplied = onApplied
    this.#onMistake = onMistake
  }

  offer(offered: Offered): void {
    this.#newest = offered
    if (this.#busy) return
    this.#busy = true
    this.#running = this.#run()
  }

  /** Resolves when everything that was offered is applied or overtaken. */
  async idle(): Promise<void> {
    while (this.#busy) await this.#running
  }

  async #run(): Promise<void> {
    for (let next = this.#take(); next !== undefined; next = this.#take()) {
      try {
        await this.#onApplied(next, await this.#apply(next.document))
      } catch (thrown) {
        this.#onMistake(thrown)
      }
      await new Promise((resolve) => setTimeout(resolve, swapInterval))
    }
    this.#busy = false
  }

  #take(): Offered | undefined {
    const offered = this.#newest
    this.#newest = undefined
    return offered
  }
}
