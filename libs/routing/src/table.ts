import type { RequestFacts } from '@vrata/cel'
import type { RouteEntry } from './entry.ts'
import type { HostIndex } from './host-index.ts'
import type { Match } from './slot.ts'

/** The compiled routes of a snapshot. It never changes; a request keeps the one it began with. */
export interface RouteTable {
  /** All entries, in the order in which they are asked at their most specific host name. */
  readonly entries: readonly RouteEntry[]
  /**
   * The entry that takes a request on a listener: the first in the total order whose conditions all hold. Undefined
   * when there is none; `needsBody` when that depends on a body that was not asked for yet.
   */
  match(facts: RequestFacts, listenerId: string): Match
}

/** A table over a finished index. */
export function routeTable(entries: readonly RouteEntry[], index: HostIndex): RouteTable {
  return {
    entries,
    match: (facts, listenerId) => index.find(facts.host, facts.path, facts, listenerId).answer,
  }
}
