import type { RouteEntry } from '@vrata/routing'
import { longestDelay } from '@vrata/service'
import type { Exchange } from '../exchange.ts'
import type { Gateway } from './gateway.ts'

/**
 * Hands the exchanges of a replaced gateway on. Those whose route and destination are unchanged belong to the new one
 * from now on and live as long as they like, so that nothing old is kept for their sake; the others may go on for
 * `limit` milliseconds and are then cut.
 */
export function handOver(from: Gateway, to: Gateway, limit: number): void {
  if (from.exchanges.size === 0) return
  const successor = successors(from, to)
  for (const exchange of from.exchanges) {
    const entry = successor(exchange)
    if (entry === undefined) cutAfter(exchange, limit)
    else {
      from.exchanges.delete(exchange)
      exchange.route = entry
      to.enter(exchange)
    }
  }
}

/** Finds the entry of the new gateway under which an exchange goes on; each old entry is compared once. */
function successors(from: Gateway, to: Gateway): (exchange: Exchange) => RouteEntry | undefined {
  const byKey = new Map(to.snapshot.table.entries.map((entry) => [keyOf(entry), entry]))
  const found = new Map<RouteEntry, RouteEntry | undefined>()
  const sameDestination = new Map<string, boolean>()
  return ({ route, destinationId }) => {
    if (route === undefined) return undefined
    if (!found.has(route)) found.set(route, unchanged(route, byKey.get(keyOf(route))))
    const next = found.get(route)
    if (next === undefined || destinationId === '') return next
    if (!sameDestination.has(destinationId)) {
      sameDestination.set(destinationId, equalDestinations(from, to, destinationId))
    }
    return sameDestination.get(destinationId) ? next : undefined
  }
}

function keyOf({ route, group }: RouteEntry): string {
  return JSON.stringify([route.id, group?.id])
}

function unchanged(old: RouteEntry, next: RouteEntry | undefined): RouteEntry | undefined {
  if (next === undefined) return undefined
  const same = equal(old.route, next.route) && equal(groupRules(old), groupRules(next))
  return same ? next : undefined
}

/** A group without its list of routes: that others came or went does not concern this one. */
function groupRules({ group }: RouteEntry): unknown {
  if (group === undefined) return undefined
  const { routeIds: _others, ...rules } = group
  return rules
}

function equalDestinations(from: Gateway, to: Gateway, id: string): boolean {
  return equal(from.snapshot.destinations.get(id), to.snapshot.destinations.get(id))
}

/** Both come from the same schema, which writes members in one order. */
function equal(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

function cutAfter(exchange: Exchange, limit: number): void {
  const timer = setTimeout(() => exchange.downstream.cut(), Math.min(limit, longestDelay))
  exchange.onEnd(() => clearTimeout(timer))
}
