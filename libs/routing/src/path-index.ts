import type { RequestFacts } from '@vrata/cel'
import type { RouteEntry } from './entry.ts'
import { type RadixNode, RadixTree } from './radix-tree.ts'
import { noRank } from './rank.ts'
import { better, type Slot } from './slot.ts'

/** The slots that share one prefix. */
interface PrefixSlots {
  /** Their prefix ends with the segment. */
  readonly whole: Slot[]
  /** Their prefix is plain text and may end anywhere. */
  readonly open: Slot[]
}

const slash = 0x2f

/**
 * The slots of one host name, found by path: a map of exact paths, a radix tree of prefixes, and one of what regular
 * expressions literally start with. Slots are added in ascending order of rank, so every list is sorted.
 *
 * A search visits the lists from the most to the least specific and passes over all that cannot hold a better slot than
 * the one already found. So it is right for every order of ranks, and quick for the usual one, where nothing has a
 * priority and the first list that answers wins.
 */
export class PathIndex {
  /** The smallest rank of all slots. */
  best = noRank
  readonly #exact = new Map<string, Slot[]>()
  readonly #any: Slot[] = []
  #prefixes: RadixTree<PrefixSlots> | undefined = undefined
  #regexes: RadixTree<Slot[]> | undefined = undefined

  add(slot: Slot, { pattern }: RouteEntry): void {
    this.best = Math.min(this.best, slot.rank)
    this.#listFor(pattern).push(slot)
  }

  #listFor(pattern: RouteEntry['pattern']): Slot[] {
    switch (pattern.kind) {
      case 'any':
        return this.#any
      case 'exact': {
        const list = this.#exact.get(pattern.path) ?? []
        this.#exact.set(pattern.path, list)
        return list
      }
      case 'prefix': {
        this.#prefixes ??= new RadixTree('beginnings')
        const node = this.#prefixes.node(pattern.prefix)
        node.value ??= { whole: [], open: [] }
        return pattern.mode === 'segment' ? node.value.whole : node.value.open
      }
      case 'regex': {
        this.#regexes ??= new RadixTree('beginnings')
        const node = this.#regexes.node(pattern.literal)
        node.value ??= []
        return node.value
      }
    }
  }

  /** Ends building. */
  freeze(): void {
    this.#prefixes?.freeze(({ whole, open }) => Math.min(rankOf(whole), rankOf(open)))
    this.#regexes?.freeze(rankOf)
  }

  /** The best slot for a path: `best`, which was found elsewhere, unless there is a better one here. */
  find(path: string, facts: RequestFacts, listenerId: string, best: Slot): Slot {
    let found = best
    const exact = this.#exact.get(path)
    if (exact !== undefined) found = better(exact, facts, listenerId, found)
    // Everything but `*` begins with a slash; only exact paths and routes without a path take `*`.
    const rooted = path.charCodeAt(0) === slash
    if (rooted && this.#prefixes !== undefined) {
      found = climbPrefixes(this.#prefixes.deepest(path), path, facts, listenerId, found)
    }
    found = better(this.#any, facts, listenerId, found)
    if (rooted && this.#regexes !== undefined && this.#regexes.best < found.rank) {
      found = climbRegexes(this.#regexes.deepest(path), facts, listenerId, found)
    }
    return found
  }

  /**
   * The lists whose every slot takes each path that `pattern` takes. Of expressions these are lists in which the one
   * that is the same can be found by its condition on the path.
   */
  *covering(pattern: RouteEntry['pattern']): Generator<readonly Slot[], void, undefined> {
    yield this.#any
    if (pattern.kind === 'any') return
    if (pattern.kind === 'exact') yield this.#exact.get(pattern.path) ?? []
    if (pattern.kind === 'exact' && pattern.path === '*') return
    if (pattern.kind === 'regex') yield this.#regexes?.deepest(pattern.literal).value ?? []
    const text = literalOf(pattern)
    const mayEnd = pattern.kind === 'exact' || (pattern.kind === 'prefix' && pattern.mode === 'segment')
    for (let node = this.#prefixes?.deepest(text); node !== undefined; node = node.parent) {
      if (node.value === undefined) continue
      yield node.value.open
      if (node.depth === 0 || text.charCodeAt(node.depth) === slash || (mayEnd && text.length === node.depth)) {
        yield node.value.whole
      }
    }
  }
}

function literalOf(pattern: Exclude<RouteEntry['pattern'], { kind: 'any' }>): string {
  return pattern.kind === 'exact' ? pattern.path : pattern.kind === 'prefix' ? pattern.prefix : pattern.literal
}

function rankOf(list: readonly Slot[]): number {
  return list[0]?.rank ?? noRank
}

/** Longest prefix first, up to the root; `node.best` says that nothing better stands above. */
function climbPrefixes(
  deepest: RadixNode<PrefixSlots>,
  path: string,
  facts: RequestFacts,
  listenerId: string,
  best: Slot,
): Slot {
  let found = best
  for (
    let node: typeof deepest | undefined = deepest;
    node !== undefined && node.best < found.rank;
    node = node.parent
  ) {
    if (node.value === undefined) continue
    if (path.length === node.depth || path.charCodeAt(node.depth) === slash) {
      found = better(node.value.whole, facts, listenerId, found)
    }
    found = better(node.value.open, facts, listenerId, found)
  }
  return found
}

/** The same for expressions, whose own test is one of the slot's conditions. */
function climbRegexes(deepest: RadixNode<Slot[]>, facts: RequestFacts, listenerId: string, best: Slot): Slot {
  let found = best
  for (
    let node: typeof deepest | undefined = deepest;
    node !== undefined && node.best < found.rank;
    node = node.parent
  ) {
    if (node.value !== undefined) found = better(node.value, facts, listenerId, found)
  }
  return found
}
