import type { Group, Listener, Route } from '@vrata/model'
import type { Membership } from './compose.ts'
import type { RouteEntry } from './entry.ts'
import type { Findings } from './findings.ts'

/** Warns about what a route says without effect, or without the effect that was probably meant. */
export function warnAboutRoute(
  route: Route,
  memberships: readonly Membership[],
  groupsExist: boolean,
  findings: Findings,
): void {
  const { pathPrefix } = route.match
  if (memberships.length > 0 && pathPrefix !== undefined && !pathPrefix.startsWith('/')) {
    findings.report('route', route, ['match', 'pathPrefix'], {
      message: 'the prefix does not begin with "/"',
      code: 'path.relative',
      severity: 'warning',
      suggestion: `/${pathPrefix}`,
    })
  }
  if (memberships.length === 0 && groupsExist) {
    findings.report('route', route, [], {
      message: 'no group lists the route: it is served on its own',
      code: 'route.ungrouped',
      severity: 'info',
    })
  }
  warnAboutOverrides(route, memberships, findings)
}

function warnAboutOverrides(route: Route, memberships: readonly Membership[], findings: Findings): void {
  const ids = Object.keys(route.middlewareOverrides)
  if (ids.length === 0) return
  const used = new Set([...route.middlewareIds, ...memberships.flatMap(({ group }) => group.middlewareIds)])
  for (const id of ids) {
    if (used.has(id)) continue
    findings.report('route', route, ['middlewareOverrides', id], unusedOverride(id, 'the route nor its groups'))
  }
}

/** Warns about overrides of a group for middlewares that neither it nor any of its routes uses. */
export function warnAboutGroup(group: Group, routes: readonly Route[], findings: Findings): void {
  const ids = Object.keys(group.middlewareOverrides)
  if (ids.length === 0) return
  const used = new Set([...group.middlewareIds, ...routes.flatMap((route) => route.middlewareIds)])
  for (const id of ids) {
    if (used.has(id)) continue
    findings.report('group', group, ['middlewareOverrides', id], unusedOverride(id, 'the group nor its routes'))
  }
}

function unusedOverride(id: string, where: string) {
  const message = `neither ${where} use middleware "${id}": the override has no effect`
  return { message, code: 'override.unused', severity: 'warning' } as const
}

/** Warns about entries without any listener, and about listeners without any entry. */
export function warnAboutListeners(
  listeners: readonly Listener[],
  entries: readonly RouteEntry[],
  findings: Findings,
): void {
  for (const { route, group, listenerIds } of entries) {
    if (listenerIds === undefined || listenerIds.length > 0) continue
    findings.report('route', route, ['listenerIds'], {
      message: `the route and group "${group?.id}" have no listener in common: no request can reach it`,
      code: 'route.unreachable',
      severity: 'warning',
    })
  }
  if (entries.some(({ listenerIds }) => listenerIds === undefined)) return
  const routed = new Set(entries.flatMap(({ listenerIds }) => listenerIds ?? []))
  for (const listener of listeners) {
    if (routed.has(listener.id)) continue
    findings.report('listener', listener, [], {
      message: 'no route answers on this listener: every request gets 404',
      code: 'listener.unrouted',
      severity: 'warning',
    })
  }
}
