import { type EntityKind, pointer } from '@vrata/model'
import type { SecretPointer } from '@vrata/snapshot'

/** What stands in an explanation where the configuration has something that came from a secret. */
export const hidden = '<secret>'

/** Knows which parts of a configuration came from secrets, so that explanations do not quote them. */
export class Discretion {
  readonly #pointers: ReadonlyMap<string, readonly SecretPointer[]>

  constructor(pointers: readonly SecretPointer[]) {
    this.#pointers = Map.groupBy(pointers, ({ kind, id }) => `${kind}/${id}`)
  }

  /** Whether a secret stands at or below a member of an entity. */
  covers(kind: EntityKind, id: string, ...path: readonly string[]): boolean {
    const place = pointer(...path)
    return (
      this.#pointers
        .get(`${kind}/${id}`)
        ?.some((one) => one.pointer === place || one.pointer.startsWith(`${place}/`)) ?? false
    )
  }
}
