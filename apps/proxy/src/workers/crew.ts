import type { Clock } from '../clock.ts'
import { within } from '../within.ts'
import type { WorkerLife } from './worker-life.ts'

interface Wish {
  readonly count: number
  readonly grant: () => void
}

/** The workers that can be given orders at the moment. */
export class Crew implements Iterable<WorkerLife> {
  readonly #clock: Clock
  readonly #workers = new Set<WorkerLife>()
  readonly #wishes = new Set<Wish>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#workers.size
  }

  [Symbol.iterator](): Iterator<WorkerLife> {
    return this.#workers.values()
  }

  add(worker: WorkerLife): void {
    this.#workers.add(worker)
    for (const wish of this.#wishes) if (this.size >= wish.count) wish.grant()
  }

  delete(worker: WorkerLife): void {
    this.#workers.delete(worker)
  }

  /** Resolves when there are `count` of them, or when `patience` milliseconds are over. */
  async reaches(count: number, patience: number): Promise<void> {
    if (this.size >= count) return
    const granted = Promise.withResolvers<void>()
    const wish = { count, grant: granted.resolve }
    this.#wishes.add(wish)
    await within(this.#clock, granted.promise, patience)
    this.#wishes.delete(wish)
  }
}
