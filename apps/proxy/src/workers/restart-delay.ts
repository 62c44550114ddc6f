/** A life that lasted this long has proven itself, in milliseconds. */
const provenLife = 60_000

/** The first pause that is one, and the longest, in milliseconds. */
const firstPause = 100
const longestPause = 30_000

/**
 * How long to wait until a process that has ended is started again: not at all, unless it keeps ending early; then
 * twice as long each time.
 */
export class RestartDelay {
  /** Early ends in a row. */
  #early = 0

  /** @param lived milliseconds that the process has lived @returns milliseconds to wait */
  next(lived: number): number {
    this.#early = lived >= provenLife ? 0 : this.#early + 1
    return this.#early <= 1 ? 0 : Math.min(firstPause * 2 ** (this.#early - 2), longestPause)
  }
}
