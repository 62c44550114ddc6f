import type { RequestFacts } from '@vrata/cel'
import type { RouteEntry } from './entry.ts'
import type { HostPattern } from './hostname.ts'
import type { Matcher } from './matchers/matcher.ts'
import { noRank } from './rank.ts'

/**
 * The answer of {@link RouteTable.match} when the best candidate can only be judged by the request's body: buffer it,
 * then ask again with facts whose `bodyAsked` is true.
 */
export const needsBody: unique symbol = Symbol('needsBody')

/** What a table answers. */
export type Match = RouteEntry | typeof needsBody | undefined

const noMatchers: readonly Matcher[] = []

/** An entry's place in the table under one of its host names. Slots are asked in ascending order of rank. */
export class Slot {
  readonly rank: number
  readonly answer: Match
  readonly matchers: readonly Matcher[]
  /** Stands for the slot while its answer depends on a body that was not asked for yet. */
  readonly awaiting: Slot | undefined

  constructor(rank: number, answer: Match, matchers: readonly Matcher[], awaiting: Slot | undefined) {
    this.rank = rank
    this.answer = answer
    this.matchers = matchers
    this.awaiting = awaiting
  }

  /** Which slot answers if this one is the best candidate: itself, its stand-in, or none because a condition fails. */
  judge(facts: RequestFacts, listenerId: string): Slot | undefined {
    for (const matcher of this.matchers) {
      if (matcher.readsBody && !facts.bodyAsked) return this.awaiting
      if (!matcher.test(facts, listenerId)) return undefined
    }
    return this
  }
}

/** Answers when there is no candidate; worse than every other slot. */
export const noSlot = new Slot(noRank, undefined, noMatchers, undefined)

/** The slot of an entry at its place in the order. */
export function slotOf(rank: number, entry: RouteEntry): Slot {
  const readsBody = entry.matchers.some((matcher) => matcher.readsBody)
  const awaiting = readsBody ? new Slot(rank, needsBody, noMatchers, undefined) : undefined
  return new Slot(rank, entry, entry.matchers, awaiting)
}

/** The first of `list` (ascending ranks) that answers and is better than `best`; else `best`. */
export function better(list: readonly Slot[], facts: RequestFacts, listenerId: string, best: Slot): Slot {
  for (const slot of list) {
    if (slot.rank >= best.rank) return best
    const found = slot.judge(facts, listenerId)
    if (found !== undefined) return found
  }
  return best
}

/** A slot together with what it stands for: what an index is built from. */
export interface PlacedSlot {
  readonly slot: Slot
  readonly entry: RouteEntry
  readonly host: HostPattern
}
