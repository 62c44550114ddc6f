/** Shorter values cost less to read than to look up. */
const shortest = 32

/**
 * What a program that reads one document after the other keeps of the last one, so that the next costs only what has
 * changed in it: a part whose text is the same, letter by letter, is the same object in both documents. Therefore
 * nobody may change what was read with one of these.
 */
export class DocumentMemory {
  #last: ReadonlyMap<string, unknown> = new Map()

  /** Begins a document; what it does not hold is forgotten once it has ended. */
  begin(): DocumentRecall {
    const last = this.#last
    const next = new Map<string, unknown>()
    return {
      read: (text) => {
        if (text.length < shortest) return JSON.parse(text)
        const value = last.get(text) ?? next.get(text) ?? JSON.parse(text)
        // The text belongs to the new document, also that of what is known: only one whole text stays in memory.
        next.set(text, value)
        return value
      },
      end: () => {
        this.#last = next
      },
    }
  }
}

/** One document's use of the memory. */
export interface DocumentRecall {
  /** The value of a part of the document. @throws {SyntaxError} */
  read(text: string): unknown
  end(): void
}
