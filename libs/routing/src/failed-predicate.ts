import type { RequestFacts } from '@vrata/cel'
import type { RouteEntry } from './entry.ts'
import { HostIndex } from './host-index.ts'
import type { HostPattern } from './hostname.ts'
import type { Matcher, PredicateName } from './matchers/matcher.ts'
import { compareHosts } from './order.ts'
import { PathIndex } from './path-index.ts'
import type { PathPattern } from './path-pattern.ts'
import { noSlot, Slot } from './slot.ts'

/** A condition of a route that a request does not meet. */
export interface FailedPredicate {
  readonly predicate: PredicateName | 'host'
  /** The condition as text. */
  readonly expected: string
  /** What the request has instead, as text. */
  readonly actual: string
}

/**
 * The most specific host name under which an entry takes the host of a request; undefined when none does. Found by the
 * index that tables look hosts up in, made for this one entry.
 */
export function matchedHost(entry: RouteEntry, facts: RequestFacts, listenerId: string): HostPattern | undefined {
  const index = new HostIndex()
  const anyPath = { ...entry, pattern: { kind: 'any' } } as const
  const hosts = entry.hosts.toSorted(compareHosts)
  for (const [rank, host] of hosts.entries()) index.add({ slot: slotOf(rank, entry, []), entry: anyPath, host })
  for (const _ of index.freeze());
  return hosts[index.find(facts.host, facts.path, facts, listenerId).rank]
}

/** Whether an entry takes the path of a request; by the index that tables look paths up in, made for this one entry. */
export function takesPath(entry: RouteEntry, facts: RequestFacts, listenerId: string): boolean {
  const index = new PathIndex()
  const slot = slotOf(0, entry, entry.matchers.filter(isAboutPath))
  index.add(slot, entry.pattern)
  index.freeze()
  return index.find(facts.path, facts, listenerId, noSlot) !== noSlot
}

/**
 * The first condition of an entry that a request does not meet: host, path, then the others in the order in which tables
 * test them. Undefined when all hold. The body must have been asked for if any condition reads it.
 */
export function failedPredicate(
  entry: RouteEntry,
  facts: RequestFacts,
  listenerId: string,
): FailedPredicate | undefined {
  if (matchedHost(entry, facts, listenerId) === undefined) {
    return { predicate: 'host', expected: entry.hostnames.join(', '), actual: facts.host }
  }
  if (!takesPath(entry, facts, listenerId)) {
    return { predicate: 'path', expected: patternText(entry.pattern), actual: facts.path }
  }
  const failed = entry.matchers.find((matcher) => !isAboutPath(matcher) && !matcher.test(facts, listenerId))
  if (failed === undefined) return undefined
  const { predicate, expected } = failed
  return { predicate, expected, actual: failed.actual(facts, listenerId) }
}

/** A path of a route as text: an exact path as it is, others behind a word for their kind. */
function patternText(pattern: PathPattern): string {
  switch (pattern.kind) {
    case 'any':
      return 'any path'
    case 'exact':
      return pattern.path
    case 'prefix':
      return pattern.mode === 'segment' ? `prefix ${pattern.prefix || '/'}` : `string prefix ${pattern.prefix}`
    case 'regex':
      return `regex ${pattern.source}`
  }
}

function isAboutPath({ predicate }: Matcher): boolean {
  return predicate === 'path'
}

/** A slot that stands for an entry with these of its conditions alone. */
function slotOf(rank: number, entry: RouteEntry, matchers: readonly Matcher[]): Slot {
  return new Slot(rank, entry, matchers, undefined)
}
