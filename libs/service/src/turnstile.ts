/** Lets a number of jobs run at one time; the others wait for their turn. */
export class Turnstile {
  #free: number
  readonly #waiting: (() => void)[] = []

  /** @param places how many may run at one time */
  constructor(places: number) {
    this.#free = places
  }

  async pass<T>(job: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await job()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free++
      else next() // takes the place
    }
  }
}
