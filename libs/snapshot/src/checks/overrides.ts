import type { Problem } from '@vrata/model'
import { pointer } from '@vrata/notation'
import { refOf } from '../kinds.ts'
import type { Entities } from '../parse.ts'
import type { Steps } from '../slices.ts'

/** Members of an override that only one type of middleware understands, by their type. */
const typed = ['headers', 'extProc'] as const

/**
 * Overrides must fit what they override: `headers` and `extProc` belong to middlewares of these types and are refused
 * on another one (`override.type`).
 */
export function* checkOverrides(entities: Entities, problems: Problem[]): Steps<void> {
  const types = new Map(entities.middlewares.map((middleware) => [middleware.id, middleware.type]))
  for (const [kind, owners] of [
    ['route', entities.routes],
    ['group', entities.groups],
  ] as const) {
    for (const owner of owners) {
      yield
      for (const [id, override] of Object.entries(owner.middlewareOverrides)) {
        const entity = refOf(kind, owner)
        const type = types.get(id)
        for (const member of typed) {
          if (override[member] === undefined || type === undefined || type === member) continue
          problems.push({
            entity,
            pointer: pointer('middlewareOverrides', id, member),
            message: `middleware ${JSON.stringify(id)} is of type ${type}, which has no ${member} to override`,
            severity: 'error',
            code: 'override.type',
          })
        }
      }
    }
  }
}
