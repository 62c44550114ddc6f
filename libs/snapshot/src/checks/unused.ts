import type { Problem } from '@vrata/model'
import { refOf, type SnapshotKind } from '../kinds.ts'
import type { Entities } from '../parse.ts'
import type { Steps } from '../slices.ts'

/**
 * Warns of what has no effect: destinations and middlewares that nobody names, and groups without routes
 * (`entity.unused`).
 *
 * @param used `kind/id` of everything that is named
 */
export function* checkUnused(entities: Entities, used: ReadonlySet<string>, problems: Problem[]): Steps<void> {
  const warn = (kind: SnapshotKind, entity: { readonly id: string; readonly name: string }, message: string) =>
    problems.push({ entity: refOf(kind, entity), pointer: '', message, severity: 'warning', code: 'entity.unused' })
  for (const destination of entities.destinations) {
    yield
    if (!used.has(`destination/${destination.id}`)) warn('destination', destination, 'no route sends anything here')
  }
  for (const middleware of entities.middlewares) {
    yield
    if (!used.has(`middleware/${middleware.id}`)) warn('middleware', middleware, 'no route or group uses it')
  }
  for (const group of entities.groups) {
    yield
    if (group.routeIds.length === 0) warn('group', group, 'it has no routes')
  }
}
