import type { Predicate } from '@vrata/cel'
import type { Group, MiddlewareOverride, Route } from '@vrata/model'
import type { HostPattern } from './hostname.ts'
import type { Matcher } from './matchers/matcher.ts'
import type { PathPattern } from './path-pattern.ts'
import type { PathRewrite } from './path-rewrite.ts'

/** When a failed request is sent again, from the route or as its group's default. */
export type Retry = NonNullable<NonNullable<Route['forward']>['retry']>

/** One middleware of a route's chain; those that are disabled there are not in it. */
export interface ChainLink {
  readonly middlewareId: string
  /** Whether the group put it into the chain, or the route. */
  readonly from: 'group' | 'route'
  /** The route's override, else the group's; never a mixture. */
  readonly override: MiddlewareOverride | undefined
  /** Any of them true: the middleware is skipped. */
  readonly skipWhen: readonly Predicate[]
  /** Not empty: the middleware runs only when any of them is true. */
  readonly onlyWhen: readonly Predicate[]
}

/** A route as it is served: on its own, or once for each group that lists it. */
export interface RouteEntry {
  /** The place in {@link RouteTable.entries}. */
  readonly index: number
  readonly route: Route
  readonly group: Group | undefined
  /** The place in the group's `routeIds`; 0 without a group. */
  readonly position: number
  readonly priority: number
  readonly kind: PathPattern['kind']
  /** The composed path; a prefix without slashes at its end (`''` = every path); a regex' source; `''` without any. */
  readonly path: string
  readonly pattern: PathPattern
  /** In normal form; empty = any host. */
  readonly hostnames: readonly string[]
  /** The same, parsed; never empty. */
  readonly hosts: readonly HostPattern[]
  /** Undefined = every listener; empty = none. */
  readonly listenerIds: readonly string[] | undefined
  /** What is tested beside host and path, in order of cost: expressions last. */
  readonly matchers: readonly Matcher[]
  readonly conditions: ConditionCounts
  readonly chain: readonly ChainLink[]
  readonly retry: Retry | undefined
  readonly includeAttemptCount: boolean
  /** How the path is rewritten; undefined when it is not. */
  readonly rewrite: PathRewrite | undefined
}

/** How many conditions of which sort a route and its group have; they decide the order of otherwise equal routes. */
export interface ConditionCounts {
  readonly methods: boolean
  readonly headers: number
  readonly queryParams: number
  readonly grpc: boolean
  readonly cel: boolean
}
