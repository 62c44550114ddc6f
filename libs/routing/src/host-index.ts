import type { RequestFacts } from '@vrata/cel'
import type { HostPattern } from './hostname.ts'
import { PathIndex } from './path-index.ts'
import { type RadixNode, RadixTree } from './radix-tree.ts'
import { noSlot, type PlacedSlot, type Slot } from './slot.ts'

/** All slots, found by host and then by path. Exact names in a map, wildcards in a tree of endings. */
export class HostIndex {
  readonly #exact = new Map<string, PathIndex>()
  #wildcards: RadixTree<PathIndex> | undefined = undefined
  readonly #any = new PathIndex()

  /** Adds a slot; slots come in ascending order of rank. */
  add({ slot, entry, host }: PlacedSlot): void {
    this.#indexFor(host).add(slot, entry.pattern)
  }

  #indexFor(host: HostPattern): PathIndex {
    if (host.kind === 'any') return this.#any
    if (host.kind === 'exact') {
      const index = this.#exact.get(host.host) ?? new PathIndex()
      this.#exact.set(host.host, index)
      return index
    }
    this.#wildcards ??= new RadixTree('endings')
    const node = this.#wildcards.node(host.suffix)
    node.value ??= new PathIndex()
    return node.value
  }

  /** Ends building; stops after every index. */
  *freeze(): Generator<undefined, void, undefined> {
    this.#any.freeze()
    for (const index of this.#exact.values()) {
      yield
      index.freeze()
    }
    for (const index of this.#wildcards?.values() ?? []) {
      yield
      index.freeze()
    }
    this.#wildcards?.freeze(({ best }) => best)
  }

  /** The slot that answers for a request, or {@link noSlot}. */
  find(host: string, path: string, facts: RequestFacts, listenerId: string): Slot {
    let found = noSlot
    const exact = this.#exact.get(host)
    if (exact !== undefined) found = exact.find(path, facts, listenerId, found)
    if (this.#wildcards !== undefined && this.#wildcards.best < found.rank) {
      found = climb(this.#wildcards.deepest(host), path, facts, listenerId, found)
    }
    return this.#any.best < found.rank ? this.#any.find(path, facts, listenerId, found) : found
  }

  /** The indexes of all host names that take each host that `host` takes. */
  *covering(host: HostPattern): Generator<PathIndex, void, undefined> {
    yield this.#any
    if (host.kind === 'any') return
    const exact = host.kind === 'exact' ? this.#exact.get(host.host) : undefined
    if (exact !== undefined) yield exact
    const text = host.kind === 'exact' ? host.host : host.suffix
    for (let node = this.#wildcards?.deepest(text); node !== undefined; node = node.parent) {
      if (node.value !== undefined) yield node.value
    }
  }
}

/** Wildcards with more labels first; `node.best` says that nothing better stands above. */
function climb(deepest: RadixNode<PathIndex>, path: string, facts: RequestFacts, listenerId: string, best: Slot): Slot {
  let found = best
  for (
    let node: typeof deepest | undefined = deepest;
    node !== undefined && node.best < found.rank;
    node = node.parent
  ) {
    // A host never begins with a dot as these endings do, so there is something before each that fits.
    if (node.value !== undefined) found = node.value.find(path, facts, listenerId, found)
  }
  return found
}
