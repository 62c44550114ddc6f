import type { EntityRef, Problem, Severity } from '@vrata/model'
import { pointer } from '@vrata/model'

/** Something that problems can be about. */
export interface Named {
  readonly id: string
  readonly name: string
}

/** What is wrong, in the words of {@link Problem}. */
export interface Finding {
  readonly message: string
  readonly code: string
  readonly severity?: Severity
  readonly suggestion?: string | undefined
}

/** Collects problems; one that was already reported (through another group) is not repeated. */
export class Findings {
  readonly problems: Problem[] = []
  readonly #known = new Set<string>()

  /** Reports a problem of an entity at a path into it; an error unless the finding says otherwise. */
  report(
    kind: 'route' | 'group' | 'listener',
    entity: Named,
    path: readonly (string | number)[],
    finding: Finding,
  ): void {
    const { message, code, severity = 'error', suggestion } = finding
    const at = pointer(...path)
    const key = JSON.stringify([kind, entity.id, at, message])
    if (this.#known.has(key)) return
    this.#known.add(key)
    const base = { entity: reference(kind, entity), pointer: at, message, severity, code }
    this.problems.push(suggestion === undefined ? base : { ...base, suggestion })
  }
}

function reference(kind: EntityRef['kind'], { id, name }: Named): EntityRef {
  return name === '' ? { kind, id } : { kind, id, name }
}
