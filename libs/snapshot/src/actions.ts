import type { Destination, Route } from '@vrata/model'
import { parseDuration } from '@vrata/notation'
import {
  compileDirectResponse,
  compileRedirect,
  compileRewrite,
  type DirectResponse,
  type Redirect,
  type Rewrite,
  type RouteEntry,
} from '@vrata/routing'

/** What is done with a request that a route took. */
export type Action = DirectResponseAction | RedirectAction | ForwardAction

/** Answers the same to everybody. */
export interface DirectResponseAction {
  readonly kind: 'directResponse'
  readonly response: DirectResponse
}

/** Sends the client elsewhere. */
export interface RedirectAction {
  readonly kind: 'redirect'
  readonly redirect: Redirect
}

/** Sends the request on. */
export interface ForwardAction {
  readonly kind: 'forward'
  /** In the order of the route; never empty. With one destination its weight does not count. */
  readonly destinations: readonly WeightedDestination[]
  /** How one of them is chosen. */
  readonly balancing: DestinationBalancing
  readonly rewrite: Rewrite | undefined
  readonly timeouts: ForwardTimeouts
}

/** How a route chooses one of its destinations, with the settings of each algorithm. */
export type DestinationBalancing = NonNullable<Route['forward']>['destinationBalancing']

/** A destination and its share of the requests in percent. */
export interface WeightedDestination {
  readonly destination: Destination
  readonly weight: number
}

/** Limits in milliseconds; undefined = none. */
export interface ForwardTimeouts {
  /** Up to the head of the answer. The destination may set a smaller one. */
  readonly requestMs: number | undefined
  /** Silence in both directions. */
  readonly idleMs: number | undefined
  /** Waiting for a connection. */
  readonly queueMs: number | undefined
  /** Whether `requestMs` counts to the end of the body of the answer. */
  readonly includeBody: boolean
  /** Longest deadline of a call of gRPC. */
  readonly maxGrpcTimeoutMs: number | undefined
}

/**
 * Compiles what an entry's route does. Undefined when a destination is missing or the route does nothing; both are
 * reported where references and schemas are checked.
 */
export function compileAction(entry: RouteEntry, destinations: ReadonlyMap<string, Destination>): Action | undefined {
  const { forward, redirect, directResponse } = entry.route
  if (directResponse) return { kind: 'directResponse', response: compileDirectResponse(entry) }
  if (redirect) return { kind: 'redirect', redirect: compileRedirect(entry) }
  if (!forward) return undefined
  const weighted: WeightedDestination[] = []
  for (const { destinationId, weight } of forward.destinations) {
    const destination = destinations.get(destinationId)
    if (!destination) return undefined
    weighted.push({ destination, weight })
  }
  const { request, idle, queue, includeBody } = forward.timeouts
  return {
    kind: 'forward',
    destinations: weighted,
    balancing: forward.destinationBalancing,
    rewrite: compileRewrite(entry),
    timeouts: {
      requestMs: limit(request),
      idleMs: limit(idle),
      queueMs: limit(queue),
      includeBody,
      maxGrpcTimeoutMs: limit(forward.maxGrpcTimeout),
    },
  }
}

/** A duration of zero means that there is no limit, as its absence does. */
function limit(text: string | undefined): number | undefined {
  return (text === undefined ? undefined : parseDuration(text)) || undefined
}
