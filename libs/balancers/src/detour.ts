/** Remembers which endpoints were asked during one pick, without an allocation per pick. */
export class Asked {
  /** The pick in which an endpoint was last asked. */
  readonly #lastPick: Float64Array
  #pick = 0
  #left: number

  constructor(count: number) {
    this.#lastPick = new Float64Array(count)
    this.#left = count
  }

  /** How many there are. */
  get count(): number {
    return this.#lastPick.length
  }

  /** How many have not been asked yet. */
  get left(): number {
    return this.#left
  }

  /** Forgets the pick before. */
  begin(): void {
    this.#pick++
    this.#left = this.count
  }

  /** Notes that an endpoint is asked; false if it was asked before. */
  add(index: number): boolean {
    if (this.#lastPick[index] === this.#pick) return false
    this.#lastPick[index] = this.#pick
    this.#left--
    return true
  }
}

/**
 * Walks over the places of a ring or table from one on, past the end to the beginning, to the first whose owner is
 * usable and was not asked before. Ends as soon as all were asked. Endpoints that own no place (more endpoints than
 * places) come last. Answers the index of an endpoint, or -1.
 */
export function walk(owners: Uint32Array, from: number, asked: Asked, usable: (index: number) => boolean): number {
  let place = from
  for (let step = 0; step < owners.length && asked.left > 0; step++) {
    const index = owners[place] ?? 0
    if (asked.add(index) && usable(index)) return index
    place = place + 1 === owners.length ? 0 : place + 1
  }
  for (let index = 0; index < asked.count && asked.left > 0; index++) {
    if (asked.add(index) && usable(index)) return index
  }
  return -1
}
