import type { RouteEntry } from './entry.ts'
import type { Findings } from './findings.ts'
import type { HostIndex } from './host-index.ts'
import type { Matcher } from './matchers/matcher.ts'
import type { PlacedSlot, Slot } from './slot.ts'

/** With more conditions than this, not every combination of them is looked up. */
const combined = 4

/** Most slots with the same conditions that are compared by listener and method. */
const compared = 16

/**
 * Warns about entries that can never win, because for each of their host names there is a better placed one that takes
 * every request they take. Only what can be proved from the conditions as they are written is reported: a winner has
 * no condition that the hidden one does not have as well. The work grows with the number of slots, not with its square.
 */
export function* warnAboutShadows(
  placed: readonly PlacedSlot[],
  index: HostIndex,
  findings: Findings,
): Generator<undefined, void, undefined> {
  const search = new WinnerSearch(index)
  const alive = new Set<RouteEntry>()
  const winners = new Map<RouteEntry, RouteEntry>()
  for (const one of placed) {
    yield
    if (alive.has(one.entry)) continue
    const winner = search.winnerOver(one)
    if (winner === undefined) alive.add(one.entry)
    else if (!winners.has(one.entry)) winners.set(one.entry, winner)
  }
  for (const [entry, winner] of winners) {
    if (!alive.has(entry)) warn(entry, winner, findings)
  }
}

function warn(entry: RouteEntry, winner: RouteEntry, findings: Findings): void {
  const where = entry.group === undefined ? '' : `in group "${entry.group.id}" `
  const by = winner.route === entry.route ? 'itself' : `route "${winner.route.id}"`
  const as = winner.group === undefined ? '' : ` of group "${winner.group.id}"`
  findings.report('route', entry.route, ['match'], {
    message: `${where}hidden by ${by}${as}: no request can reach it`,
    code: 'route.shadowed',
    severity: 'warning',
  })
}

/** Looks for winners by what they have in common with the hidden: host, path, conditions. */
class WinnerSearch {
  readonly #index: HostIndex
  /** For each list of the index its slots by their conditions, made when a list is first met. */
  readonly #byConditions = new Map<readonly Slot[], Map<string, Slot[]>>()

  constructor(index: HostIndex) {
    this.#index = index
  }

  winnerOver({ slot, entry, host }: PlacedSlot): RouteEntry | undefined {
    let keys: readonly string[] | undefined
    for (const paths of this.#index.covering(host)) {
      if (paths.best >= slot.rank) continue
      for (const list of paths.covering(entry.pattern)) {
        if ((list[0]?.rank ?? slot.rank) >= slot.rank) continue
        keys ??= subsets(conditionsOf(slot))
        const winner = this.#winnerIn(list, keys, slot)
        if (winner !== undefined) return winner
      }
    }
    return undefined
  }

  #winnerIn(list: readonly Slot[], keys: readonly string[], hidden: Slot): RouteEntry | undefined {
    const byConditions = this.#byConditionsOf(list)
    for (const key of keys) {
      for (const slot of byConditions.get(key)?.slice(0, compared) ?? []) {
        if (slot.rank >= hidden.rank) break
        if (typeof slot.answer === 'object' && covers(slot, hidden, 'listener') && covers(slot, hidden, 'method')) {
          return slot.answer
        }
      }
    }
    return undefined
  }

  #byConditionsOf(list: readonly Slot[]): Map<string, Slot[]> {
    const known = this.#byConditions.get(list)
    if (known !== undefined) return known
    const made = new Map<string, Slot[]>()
    for (const slot of list) {
      const key = keyOf(conditionsOf(slot))
      const slots = made.get(key)
      if (slots === undefined) made.set(key, [slot])
      else slots.push(slot)
    }
    this.#byConditions.set(list, made)
    return made
  }
}

/** Texts that are equal for equal conditions, sorted; those on listener and method are compared as sets instead. */
function conditionsOf(slot: Slot): string[] {
  return slot.matchers
    .filter(({ predicate }) => predicate !== 'listener' && predicate !== 'method')
    .map(({ predicate, expected }) => `${predicate} ${expected}`)
    .sort()
}

function keyOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? '' : JSON.stringify(conditions)
}

/** The keys of what a winner may ask for: each selection of the conditions, or the simple ones when there are many. */
function subsets(conditions: readonly string[]): readonly string[] {
  if (conditions.length > combined) return [[], ...conditions.map((one) => [one]), conditions].map(keyOf)
  let selections: string[][] = [[]]
  for (const condition of conditions) {
    selections = [...selections, ...selections.map((selection) => [...selection, condition])]
  }
  return selections.map(keyOf)
}

/** Whether the winner takes every listener (or method) that the hidden one takes. */
function covers(winner: Slot, hidden: Slot, predicate: 'listener' | 'method'): boolean {
  const wide = find(winner, predicate)
  if (wide === undefined) return true
  const taken = find(hidden, predicate)?.expected.split(', ')
  const offered = wide.expected.split(', ')
  return taken?.every((one) => offered.includes(one)) ?? false
}

function find(slot: Slot, predicate: Matcher['predicate']): Matcher | undefined {
  return slot.matchers.find((matcher) => matcher.predicate === predicate)
}
