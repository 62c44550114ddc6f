import type { RequestFacts } from '@vrata/cel'
import type { RouteEntry } from './entry.ts'
import { type ExplainedLink, explainChain } from './explain-chain.ts'
import { type FailedPredicate, failedPredicate, matchedHost, takesPath } from './failed-predicate.ts'
import { compareCandidates, compareHosts } from './order.ts'
import { needsBody } from './slot.ts'
import type { RouteTable } from './table.ts'

/** Most candidates that an explanation lists. */
export const maxCandidates = 200

/** Why a table answers a request as it does. */
export interface Explanation {
  /** What {@link RouteTable.match} answers. */
  readonly winner: RouteEntry | undefined
  /** In the order in which they are asked for this request. At most {@link maxCandidates}, the winner among them. */
  readonly candidates: readonly ExplainedCandidate[]
  /** How many more there are. */
  readonly omitted: number
  /** The winner's middlewares; empty without a winner. */
  readonly chain: readonly ExplainedLink[]
}

/** One entry of the table and what became of it. */
export type ExplainedCandidate =
  | { readonly entry: RouteEntry; readonly result: 'rejected'; readonly failed: FailedPredicate }
  | { readonly entry: RouteEntry; readonly result: 'matched' | 'not_reached' }

/**
 * Explains what a table does with a request on a listener, by its own entries, indexes and conditions. Every entry is a
 * candidate: those before the winner are told with the first condition that fails. If there are too many, those that
 * take host and path of the request are listed before others.
 *
 * @throws {TypeError} when the body of the request was not asked for: what depends on it could not be told
 */
export function explain(table: RouteTable, facts: RequestFacts, listenerId: string): Explanation {
  const winner = table.match(facts, listenerId)
  if (!facts.bodyAsked || winner === needsBody) throw new TypeError('the body has to be asked for before explaining')
  const ordered = inOrderFor(table.entries, facts, listenerId)
  const place = winner === undefined ? ordered.length : ordered.findIndex(({ entry }) => entry === winner)
  const shown = selected(ordered, place, facts, listenerId)
  return {
    winner,
    candidates: ordered.flatMap(({ entry }, at) =>
      shown.has(at) ? [explained(entry, at - place, facts, listenerId)] : [],
    ),
    omitted: ordered.length - shown.size,
    chain: winner === undefined ? [] : explainChain(winner, facts),
  }
}

interface Asked {
  readonly entry: RouteEntry
  readonly takesHost: boolean
}

/**
 * The entries in the order in which they are asked for this request: each under the host name that takes its host. Those
 * that do not take it stand where they would be asked at best.
 */
function inOrderFor(entries: readonly RouteEntry[], facts: RequestFacts, listenerId: string): readonly Asked[] {
  return entries
    .map((entry) => {
      const matched = matchedHost(entry, facts, listenerId)
      const [best = { kind: 'any' as const }] = entry.hosts.toSorted(compareHosts)
      return { entry, takesHost: matched !== undefined, host: matched ?? best }
    })
    .sort(compareCandidates)
}

/** The places of the entries that are listed; `winner` is the place of the one that has to be. */
function selected(ordered: readonly Asked[], winner: number, facts: RequestFacts, listenerId: string): Set<number> {
  const all = ordered.keys()
  if (ordered.length <= maxCandidates) return new Set(all)
  const won = winner < ordered.length ? [winner] : []
  const near = ordered.flatMap(({ entry, takesHost }, at) =>
    takesHost && takesPath(entry, facts, listenerId) ? [at] : [],
  )
  return new Set([...new Set([...won, ...near, ...all])].slice(0, maxCandidates))
}

/** `distance` from the winner: negative before it, 0 for the winner itself. */
function explained(entry: RouteEntry, distance: number, facts: RequestFacts, listenerId: string): ExplainedCandidate {
  if (distance === 0) return { entry, result: 'matched' }
  if (distance > 0) return { entry, result: 'not_reached' }
  const failed = failedPredicate(entry, facts, listenerId)
  if (failed === undefined) {
    throw new Error(`the table passed over route ${entry.route.id} although all of its conditions hold`)
  }
  return { entry, result: 'rejected', failed }
}
