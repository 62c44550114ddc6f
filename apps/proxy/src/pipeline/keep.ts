import { createHash } from 'node:crypto'

interface Held {
  readonly value: Disposable
  users: number
}

/** One gateway's claims on kept state; disposed when the last exchange of that gateway has ended. */
export interface Lease extends Disposable {
  /**
   * The state of an entity, made if nobody holds it yet. Two gateways share it when kind, id and `part` are equal.
   *
   * @param part what of the configuration shapes this state, as JSON values: another value means other state
   */
  get<T extends Disposable>(kind: string, id: string, part: unknown, make: () => T): T
  /** Claims of its own on the same states, for what comes and goes while this lease lasts; to be disposed by itself. */
  branch(): Lease
}

/** A plain value that is kept; there is nothing to release. */
export class Kept<T> implements Disposable {
  value: T

  constructor(value: T) {
    this.value = value
  }

  [Symbol.dispose](): void {}
}

/**
 * State that survives activations (connections, counters), kept as long as some gateway claims it and disposed with
 * the last claim.
 */
export class Keep {
  readonly #held = new Map<string, Held>()

  /** How many states are held; for tests. */
  get size(): number {
    return this.#held.size
  }

  lease(): Lease {
    const held = this.#held
    const mine = new Set<string>()
    return {
      get<T extends Disposable>(kind: string, id: string, part: unknown, make: () => T): T {
        const key = `${kind}/${id}/${contentHash(part)}`
        const entry = held.get(key) ?? { value: make(), users: 0 }
        held.set(key, entry)
        if (!mine.has(key)) entry.users++
        mine.add(key)
        return entry.value as T // the same kind has the same maker
      },
      branch: () => this.lease(),
      [Symbol.dispose]() {
        for (const key of mine) {
          const entry = held.get(key)
          if (entry === undefined || --entry.users > 0) continue
          held.delete(key)
          entry.value[Symbol.dispose]()
        }
        mine.clear()
      },
    }
  }
}

/** A digest, so that no secret of the configuration is kept as part of a key. */
function contentHash(part: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(part) ?? '')
    .digest('base64url')
}
