/** How many hashes are remembered; rolling back and forth touches few. */
const most = 256

/**
 * Hashes of configurations that this very process, so this very version of the compiler, has compiled without errors: an
 * activation need not compile them again.
 */
export class CompiledHashes {
  readonly #hashes = new Set<string>()

  add(hash: string): void {
    this.#hashes.delete(hash)
    this.#hashes.add(hash)
    const [oldest] = this.#hashes
    if (this.#hashes.size > most && oldest !== undefined) this.#hashes.delete(oldest)
  }

  has(hash: string): boolean {
    return this.#hashes.has(hash)
  }
}
