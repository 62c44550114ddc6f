import type { RequestFacts } from '@vrata/cel'
import type { PathPattern } from './path-pattern.ts'
import { type RadixNode, RadixTree } from './radix-tree.ts'
import { noRank } from './rank.ts'
import { better, type Slot } from './slot.ts'

type SlotTree = RadixTree<Slot[]>
type SlotNode = RadixNode<Slot[]>

const slash = 0x2f
const noSlots: readonly Slot[] = []

/**
 * The slots of one host name, found by path: a map of exact paths, and trees of prefixes that end with a segment, of
 * prefixes that end anywhere, and of what regular expressions literally start with. Slots are added in ascending order
 * of rank, so every list is sorted.
 *
 * A search visits the lists from the most to the least specific and passes over all that cannot hold a better slot than
 * the one already found. So it is right for every order of ranks, and quick for the usual one, where nothing has a
 * priority and the first list that answers wins.
 */
export class PathIndex {
  /** The smallest rank of all slots. */
  best = noRank
  #any = noSlots
  #exact: Map<string, Slot[]> | undefined = undefined
  #segments: SlotTree | undefined = undefined
  #texts: SlotTree | undefined = undefined
  #regexes: SlotTree | undefined = undefined

  add(slot: Slot, pattern: PathPattern): void {
    this.best = Math.min(this.best, slot.rank)
    switch (pattern.kind) {
      case 'any':
        this.#any = [...this.#any, slot]
        break
      case 'exact': {
        this.#exact ??= new Map()
        const list = this.#exact.get(pattern.path)
        if (list === undefined) this.#exact.set(pattern.path, [slot])
        else list.push(slot)
        break
      }
      case 'prefix':
        if (pattern.mode === 'segment') this.#segments = append(this.#segments, pattern.prefix, slot)
        else this.#texts = append(this.#texts, pattern.prefix, slot)
        break
      case 'regex':
        this.#regexes = append(this.#regexes, asciiStart(pattern.literal), slot)
    }
  }

  /** Ends building. */
  freeze(): void {
    for (const tree of [this.#segments, this.#texts, this.#regexes]) tree?.freeze(([first]) => first?.rank ?? noRank)
  }

  /** The best slot for a path: `best`, which was found elsewhere, unless there is a better one here. */
  find(path: string, facts: RequestFacts, listenerId: string, best: Slot): Slot {
    let found = best
    const exact = this.#exact?.get(path)
    if (exact !== undefined) found = better(exact, facts, listenerId, found)
    // Everything but `*` begins with a slash; only exact paths and routes without a path take `*`.
    if (path.charCodeAt(0) !== slash) return better(this.#any, facts, listenerId, found)
    const segments = this.#segments
    if (segments !== undefined && segments.best < found.rank) {
      found = climbSegments(segments.deepest(path), path, facts, listenerId, found)
    }
    const texts = this.#texts
    if (texts !== undefined && texts.best < found.rank) found = climb(texts.deepest(path), facts, listenerId, found)
    found = better(this.#any, facts, listenerId, found)
    const regexes = this.#regexes
    if (regexes === undefined || regexes.best >= found.rank) return found
    return climb(regexes.deepest(path), facts, listenerId, found)
  }

  /**
   * The lists whose every slot takes each path that `pattern` takes. Of expressions these are lists in which the one
   * that is the same can be found by its condition on the path.
   */
  *covering(pattern: PathPattern): Generator<readonly Slot[], void, undefined> {
    yield this.#any
    if (pattern.kind === 'any') return
    if (pattern.kind === 'exact') yield this.#exact?.get(pattern.path) ?? noSlots
    if (pattern.kind === 'exact' && pattern.path === '*') return
    if (pattern.kind === 'regex') yield this.#regexes?.deepest(asciiStart(pattern.literal)).value ?? noSlots
    const text = literalOf(pattern)
    for (const { value } of upwards(this.#texts?.deepest(text))) if (value !== undefined) yield value
    // Behind other texts the path goes on, perhaps within the segment.
    const mayEnd = pattern.kind === 'exact' || (pattern.kind === 'prefix' && pattern.mode === 'segment')
    for (const { value, depth } of upwards(this.#segments?.deepest(text))) {
      if (value === undefined) continue
      if (depth === 0 || text.charCodeAt(depth) === slash || (mayEnd && text.length === depth)) yield value
    }
  }
}

/** Adds a slot to a tree, to a new one if there is none yet. */
function append(tree: SlotTree = new RadixTree('beginnings'), text: string, slot: Slot): SlotTree {
  const node = tree.node(text)
  if (node.value === undefined) node.value = [slot]
  else node.value.push(slot)
  return tree
}

/** Paths are ASCII: an expression that begins with anything else may stand anywhere before it. */
function asciiStart(literal: string): string {
  return literal.replace(/[^\x20-\x7e].*$/s, '')
}

function literalOf(pattern: Exclude<PathPattern, { kind: 'any' }>): string {
  return pattern.kind === 'exact' ? pattern.path : pattern.kind === 'prefix' ? pattern.prefix : pattern.literal
}

function* upwards(deepest: SlotNode | undefined): Generator<SlotNode, void, undefined> {
  for (let node = deepest; node !== undefined; node = node.parent) yield node
}

/** Longest prefix first, up to the root; `node.best` says that nothing better stands above. */
function climbSegments(deepest: SlotNode, path: string, facts: RequestFacts, listenerId: string, best: Slot): Slot {
  let found = best
  for (let node: SlotNode | undefined = deepest; node !== undefined && node.best < found.rank; node = node.parent) {
    if (node.value === undefined) continue
    if (path.length === node.depth || path.charCodeAt(node.depth) === slash) {
      found = better(node.value, facts, listenerId, found)
    }
  }
  return found
}

/** The same for texts that may end anywhere; the test of an expression is one of its slot's conditions. */
function climb(deepest: SlotNode, facts: RequestFacts, listenerId: string, best: Slot): Slot {
  let found = best
  for (let node: SlotNode | undefined = deepest; node !== undefined && node.best < found.rank; node = node.parent) {
    if (node.value !== undefined) found = better(node.value, facts, listenerId, found)
  }
  return found
}
