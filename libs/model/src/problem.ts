import type { EntityRef } from './entity-kinds.ts'
import { entityKinds } from './entity-kinds.ts'

/** `error` refuses a write or a capture; `warning` and `info` only tell. */
export type Severity = 'error' | 'warning' | 'info'

/** One thing that is wrong with a piece of configuration, where it is, and what would be right. */
export interface Problem {
  readonly entity: EntityRef
  /** RFC 6901 JSON pointer into the entity; `""` is the whole of it. */
  readonly pointer: string
  /** One sentence without a final full stop. Never holds a secret's value. */
  readonly message: string
  /** What the author probably meant, ready to be put in the place of what is there. */
  readonly suggestion?: string
  readonly severity: Severity
  /** Stable word for programs, such as `reference.missing`. */
  readonly code?: string
}

const kindOrder: readonly string[] = [...entityKinds, 'test', 'snapshot', 'config']

/** A new list ordered by kind, id and pointer; problems of one place keep their order. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  return [...problems].sort(
    (a, b) =>
      kindOrder.indexOf(a.entity.kind) - kindOrder.indexOf(b.entity.kind) ||
      compare(a.entity.id ?? '', b.entity.id ?? '') ||
      compare(a.pointer, b.pointer),
  )
}

/** Whether any of the problems refuses what was checked. */
export function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some((problem) => problem.severity === 'error')
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
