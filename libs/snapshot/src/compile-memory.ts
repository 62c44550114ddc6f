import { RouteMemory } from '@vrata/routing'
import type { SnapshotKind, StoredEntity } from './kinds.ts'

/** An entity that passed its schema, and what it was made from. */
interface Remembered {
  readonly source: StoredEntity
  readonly value: unknown
}

/**
 * What a program keeps of the snapshot that it compiled last, so that the next one costs only what has changed in it.
 * Two snapshots are rarely alike in nothing; a proxy that takes every snapshot of its control plane keeps one of these.
 *
 * An entity that is the very same object in both snapshots (see `DocumentMemory`) is the same object in both
 * compilations, and what was compiled from it is used again. Only entities of the last snapshot are kept.
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
      value: (kind, source) => {
        const key = `${kind}/${source.id}`
        const known = last.get(key)
        if (known?.source !== source) return undefined
        next.set(key, known)
        return known.value
      },
      keep: (kind, source, value) => next.set(`${kind}/${source.id}`, { source, value }),
      end: () => {
        this.#last = next
      },
    }
  }
}

/** One compilation's use of the memory. */
export interface Recall {
  /** The entity that was made from the same object; undefined when there is none. */
  value(kind: SnapshotKind, source: StoredEntity): unknown
  /** Remembers an entity that passed its schema without any problem. */
  keep(kind: SnapshotKind, source: StoredEntity, value: unknown): void
  end(): void
}
