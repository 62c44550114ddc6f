import type { Predicate } from '@vrata/cel'
import type { Group, MiddlewareOverride, Route } from '@vrata/model'
import type { ChainLink } from './entry.ts'

const noLinks: readonly ChainLink[] = []
const noPredicates: readonly Predicate[] = []

/**
 * The middlewares of a route: the group's, then its own, each id once where it first stands. An override of the route
 * takes the place of the group's as a whole; disabled ones are left out. `compile` compiles the conditions of an
 * override.
 *
 * @throws {CelError} from `compile`; callers have checked the conditions before
 */
export function composeChain(
  group: Group | undefined,
  route: Route,
  compile: (source: string) => Predicate,
): readonly ChainLink[] {
  const groupIds = new Set(group?.middlewareIds)
  const ids = new Set([...groupIds, ...route.middlewareIds])
  if (ids.size === 0) return noLinks
  const links: ChainLink[] = []
  for (const middlewareId of ids) {
    const override = overrideOf(route, middlewareId) ?? overrideOf(group, middlewareId)
    if (override?.disabled) continue
    links.push({
      middlewareId,
      from: groupIds.has(middlewareId) ? 'group' : 'route',
      override,
      skipWhen: override?.skipWhen?.map(compile) ?? noPredicates,
      onlyWhen: override?.onlyWhen?.map(compile) ?? noPredicates,
    })
  }
  return links
}

function overrideOf(user: Group | Route | undefined, middlewareId: string): MiddlewareOverride | undefined {
  const overrides = user?.middlewareOverrides
  return overrides !== undefined && Object.hasOwn(overrides, middlewareId) ? overrides[middlewareId] : undefined
}
