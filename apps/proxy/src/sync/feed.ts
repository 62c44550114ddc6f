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
  #newest: Offered | undefined = undefined
  #running: Promise<void> | undefined = undefined

  /** @param onApplied awaited before the next document is begun */
  constructor(
    apply: (document: SnapshotDocument) => Promise<Applied>,
    onApplied: (offered: Offered, applied: Applied) => Promise<void>,
  ) {
    this.#apply = apply
    this.#onApplied = onApplied
  }

  offer(offered: Offered): void {
    this.#newest = offered
    this.#running ??= this.#run()
  }

  /** Resolves when everything that was offered is applied or overtaken. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  async #run(): Promise<void> {
    for (let next = this.#take(); next !== undefined; next = this.#take()) {
      const applied = await this.#apply(next.document)
      await this.#onApplied(next, applied)
      await new Promise((resolve) => setTimeout(resolve, swapInterval))
    }
    this.#running = undefined
  }

  #take(): Offered | undefined {
    const offered = this.#newest
    this.#newest = undefined
    return offered
  }
}
