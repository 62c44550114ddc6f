import type { Predicate } from '@vrata/cel'
import type { Group, MiddlewareOverride, Route } from '@vrata/model'
import type { ChainLink } from './entry.ts'

/** A middleware that a group or a route attaches, together with what is said about it there; disabled ones too. */
export interface Attachment {
  readonly middlewareId: string
  /** Whether the group attaches it, or the route. */
  readonly from: 'group' | 'route'
  /** The route's override, else the group's; never a mixture. */
  readonly override: MiddlewareOverride | undefined
  /** Whose override that is; undefined without one. */
  readonly overrideFrom: 'group' | 'route' | undefined
}

const noAttachments: readonly Attachment[] = []
const noLinks: readonly ChainLink[] = []
const noPredicates: readonly Predicate[] = []

/** The middlewares of a route: the group's, then its own, each id once where it first stands. */
export function attachments(group: Group | undefined, route: Route): readonly Attachment[] {
  const groupIds = new Set(group?.middlewareIds)
  const ids = new Set([...groupIds, ...route.middlewareIds])
  if (ids.size === 0) return noAttachments
  return Array.from(ids, (middlewareId) => {
    const own = overrideOf(route, middlewareId)
    const override = own ?? overrideOf(group, middlewareId)
    return {
      middlewareId,
      from: groupIds.has(middlewareId) ? 'group' : 'route',
      override,
      overrideFrom: override === undefined ? undefined : own === undefined ? 'group' : 'route',
    }
  })
}

/**
 * The middlewares that a request of the route meets, unless their conditions say otherwise: an override of the route
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
  const attached = attachments(group, route)
  if (attached.length === 0) return noLinks
  const links: ChainLink[] = []
  for (const { middlewareId, from, override } of attached) {
    if (override?.disabled) continue
    links.push({
      middlewareId,
      from,
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
