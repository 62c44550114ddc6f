import { noRank } from './rank.ts'

/** A node of a {@link RadixTree}; its text is what its ancestors' labels and its own spell together. */
export class RadixNode<Value> {
  /** The characters between the parent's text and this node's. */
  label: string
  /** Length of the node's whole text. */
  depth: number
  parent: RadixNode<Value> | undefined
  value: Value | undefined = undefined
  /** The smallest rank of the values on the way from here to the root, set by {@link RadixTree.freeze}. */
  best = noRank
  /** By the first character of the child's label, counted from {@link low}. */
  readonly children: (RadixNode<Value> | undefined)[] = []
  /** The lowest first character of a child's label. */
  low = 0

  constructor(label: string, depth: number, parent: RadixNode<Value> | undefined) {
    this.label = label
    this.depth = depth
    this.parent = parent
  }

  /** The child whose label begins with a character. */
  child(code: number): RadixNode<Value> | undefined {
    const place = code - this.low
    return place >= 0 && place < this.children.length ? this.children[place] : undefined
  }

  /** Puts a child in its place, perhaps that of another one. */
  adopt(code: number, child: RadixNode<Value>): void {
    const { children } = this
    child.parent = this
    if (children.length === 0) this.low = code
    for (; this.low > code; this.low--) children.unshift(undefined)
    while (children.length <= code - this.low) children.push(undefined)
    children[code - this.low] = child
  }
}

/**
 * Texts by their common beginnings: finds the longest stored text that a given text begins with, and through the
 * parents every shorter one, in time that depends on the given text and not on how many are stored. Nothing is
 * allocated by a search. Built first, then frozen, then searched.
 *
 * A tree of endings compares texts from their last character backwards.
 */
export class RadixTree<Value> {
  readonly root = new RadixNode<Value>('', 0, undefined)
  /** The smallest rank of all values, set by {@link freeze}. */
  best = noRank
  readonly #fromEnd: boolean

  constructor(direction: 'beginnings' | 'endings') {
    this.#fromEnd = direction === 'endings'
  }

  /** The node whose text is `text`, made if there is none. */
  node(text: string): RadixNode<Value> {
    let node = this.root
    while (node.depth < text.length) {
      const child = node.child(this.#at(text, node.depth))
      if (child === undefined) return this.#attach(node, text)
      node = this.#shared(child, text) === child.label.length ? child : this.#split(node, child, text)
    }
    return node
  }

  /** Ends building: works out {@link RadixNode.best} from the ranks of the values. */
  freeze(rank: (value: Value) => number): void {
    for (const node of this.#nodes()) {
      const own = node.value === undefined ? noRank : rank(node.value)
      node.best = Math.min(own, node.parent?.best ?? noRank)
      this.best = Math.min(this.best, own)
    }
  }

  /** All values, in no order. */
  *values(): Generator<Value, void, undefined> {
    for (const { value } of this.#nodes()) if (value !== undefined) yield value
  }

  /** The node with the longest text that `text` begins (or ends) with; at worst the root. */
  deepest(text: string): RadixNode<Value> {
    let node = this.root
    while (node.depth < text.length) {
      const child = node.child(this.#at(text, node.depth))
      if (child === undefined || child.depth > text.length || !this.#fits(child, text)) break
      node = child
    }
    return node
  }

  /** Whether the text goes along with the label of a child. */
  #fits({ label, depth }: RadixNode<Value>, text: string): boolean {
    const { length } = label
    // A label of an ending is stored as it stands in the text, which is where its last character comes first.
    const start = this.#fromEnd ? text.length - depth : depth - length
    for (let at = 0; at < length; at++) if (label.charCodeAt(at) !== text.charCodeAt(start + at)) return false
    return true
  }

  /** Parents before their children. */
  *#nodes(): Generator<RadixNode<Value>, void, undefined> {
    const open = [this.root]
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      yield node
      for (const child of node.children) if (child !== undefined) open.push(child)
    }
  }

  /** The character code `offset` characters into the text, in the direction of the tree. */
  #at(text: string, offset: number): number {
    return text.charCodeAt(this.#fromEnd ? text.length - 1 - offset : offset)
  }

  /** The part of `text` between two offsets, in the direction of the tree. */
  #part(text: string, from: number, to: number): string {
    return this.#fromEnd ? text.slice(text.length - to, text.length - from) : text.slice(from, to)
  }

  #attach(parent: RadixNode<Value>, text: string): RadixNode<Value> {
    const node = new RadixNode(this.#part(text, parent.depth, text.length), text.length, parent)
    parent.adopt(this.#at(node.label, 0), node)
    return node
  }

  /** How many characters of the child's label the text goes along with. */
  #shared(child: RadixNode<Value>, text: string): number {
    const start = child.depth - child.label.length
    const limit = Math.min(child.label.length, text.length - start)
    let length = 0
    while (length < limit && this.#at(child.label, length) === this.#at(text, start + length)) length++
    return length
  }

  /** Puts a node between parent and child where `text` parts from the child's label. */
  #split(parent: RadixNode<Value>, child: RadixNode<Value>, text: string): RadixNode<Value> {
    const length = this.#shared(child, text)
    const middle = new RadixNode(this.#part(child.label, 0, length), parent.depth + length, parent)
    child.label = this.#part(child.label, length, child.label.length)
    parent.adopt(this.#at(middle.label, 0), middle)
    middle.adopt(this.#at(child.label, 0), child)
    return middle
  }
}
