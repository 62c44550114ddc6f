/** What can be a member of one list at a time. The place belongs to the list. */
export interface Member {
  /** Position in the list; -1 in none. */
  place: number
}

/**
 * The members of something, where they come and go with every request. A `Set` would do, but not for the garbage
 * collector: a set that changes all the time replaces its table again and again, and once an old table has been moved
 * among the long-lived objects it keeps alive the next one, and that the next, each with all that was in it.
 */
export class Members<T extends Member> implements Iterable<T> {
  readonly #members: T[] = []

  get size(): number {
    return this.#members.length
  }

  has(member: T): boolean {
    return this.#members[member.place] === member
  }

  add(member: T): void {
    if (this.has(member)) return
    member.place = this.#members.length
    this.#members.push(member)
  }

  delete(member: T): void {
    if (!this.has(member)) return
    const last = this.#members.pop()
    if (last !== undefined && last !== member) {
      this.#members[member.place] = last
      last.place = member.place
    }
    member.place = -1
  }

  /** Those that are here now, in no order; they may be taken out meanwhile. */
  [Symbol.iterator](): Iterator<T> {
    return this.#members.slice().values()
  }
}
