import { RouteMemory } from '@vrata/routing'
import type { SnapshotKind } from './kinds.ts'

/** An entity that passed its schema, and the text it was made from. */
interface Remembered {
  readonly text: string
  readonly value: unknown
}

/**
 * What a program keeps of the snapshot that it compiled last, so that the next one costs only what has changed in it.
 * Two snapshots are rarely alike in nothing; a proxy that takes every snapshot of its control plane keeps one of these.
 *
 * An entity whose content is the same, letter by letter, is the same object in both compilations, and what was compiled
 * from it is used again. Only entities of the last snapshot are kept.
 */
export class CompileMemory {
  /** What routing keeps, by the objects that are handed out here. */
  readonly routes = new RouteMemory()
  #last: ReadonlyMap<string, Remembered> = new Map()

  /** Begins a compilation; what it does not ask for is forgotten once it has ended. */
  begin(): Recall {
    const last = this.#last
    const next = new Map<string, Remembered>()
    return {
      value: (kind, id, text) => {
        const known = last.get(`${kind}/${id}`)
        if (known === undefined || known.text !== text) return undefined
        next.set(`${kind}/${id}`, known)
        return known.value
      },
      keep: (kind, id, text, value) => next.set(`${kind}/${id}`, { text, value }),
      end: () => {
        this.#last = next
      },
    }
  }
}

/** One compilation's use of the memory. */
export interface Recall {
  /** The entity that was made from the same text; undefined when there is none. */
  value(kind: SnapshotKind, id: string, text: string): unknown
  /** Remembers an entity that passed its schema without any problem. */
  keep(kind: SnapshotKind, id: string, text: string, value: unknown): void
  end(): void
}
