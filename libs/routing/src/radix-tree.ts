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
  /** By the first character of the child's label. */
  children: Map<number, RadixNode<Value>> | undefined = undefined

  constructor(label: string, depth: number, parent: RadixNode<Value> | undefined) {
    this.label = label
    this.depth = depth
    this.parent = parent
  }
}

/**
 * Texts by their common beginnings: finds the longest stored text that a given text begins with, and through the
 * parents every shorter one, in time that depends on the given text and not on how many are stored. Nothing is
 * allocated by a search. Built once, then frozen.
 *
 * With `fromEnd` texts are compared from their last character backwards: the tree then holds endings.
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
      const first = this.#at(text, node.depth)
      const child = node.children?.get(first)
      if (child === undefined) return this.#attach(node, first, text)
      node = this.#shared(child, text) === child.label.length ? child : this.#split(node, child, text)
    }
    return node
  }

  /** The node with the longest text that `text` begins (or ends) with; at worst the root. */
  deepest(text: string): RadixNode<Value> {
    let node = this.root
    while (node.children !== undefined && node.depth < text.length) {
      const child = node.children.get(this.#at(text, node.depth))
      if (child === undefined) break
      const fits = this.#fromEnd
        ? text.endsWith(child.label, text.length - node.depth)
        : text.startsWith(child.label, node.depth)
      if (!fits) break
      node = child
    }
    return node
  }

  /** Ends building: works out {@link RadixNode.best} from the rank of each value. */
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

  /** Parents before their children. */
  *#nodes(): Generator<RadixNode<Value>, void, undefined> {
    const open = [this.root]
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      yield node
      if (node.children !== undefined) open.push(...node.children.values())
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

  #attach(parent: RadixNode<Value>, first: number, text: string): RadixNode<Value> {
    const node = new RadixNode(this.#part(text, parent.depth, text.length), text.length, parent)
    parent.children ??= new Map()
    parent.children.set(first, node)
    return node
  }

  /** How many characters of the child's label the text goes along with. */
  #shared(child: RadixNode<Value>, text: string): number {
    const start = child.depth - child.label.length
    let length = 0
    while (
      length < child.label.length &&
      start + length < text.length &&
      this.#at(child.label, length) === this.#at(text, start + length)
    ) {
      length++
    }
    return length
  }

  /** Puts a node between parent and child where `text` parts from the child's label. */
  #split(parent: RadixNode<Value>, child: RadixNode<Value>, text: string): RadixNode<Value> {
    const length = this.#shared(child, text)
    const middle = new RadixNode(this.#part(child.label, 0, length), parent.depth + length, parent)
    child.label = this.#part(child.label, length, child.label.length)
    child.parent = middle
    middle.children = new Map([[this.#at(child.label, 0), child]])
    parent.children?.set(this.#at(middle.label, 0), middle)
    return middle
  }
}
