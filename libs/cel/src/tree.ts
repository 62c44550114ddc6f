import type { ASTNode } from '@marcbachmann/cel-js'

/** The macros that walk a list or a map, with the numbers of arguments they take. */
const loops: Readonly<Record<string, readonly number[]>> = {
  all: [2],
  exists: [2],
  exists_one: [2],
  map: [2, 3],
  filter: [2],
}

/** A call such as `list.all(x, condition)`, taken apart. */
export interface Loop {
  readonly name: string
  readonly range: ASTNode
  readonly variable: ASTNode
  /** what is evaluated in each round; the condition of a three-argument `map` comes first */
  readonly bodies: readonly ASTNode[]
}

/** The node as a comprehension, when it is one. */
export function loopOf(node: ASTNode): Loop | undefined {
  if (node.op !== 'rcall') return undefined
  const [name, range, [variable, ...bodies]] = node.args
  if (!Object.hasOwn(loops, name) || !variable || !loops[name]?.includes(bodies.length + 1)) return undefined
  return { name, range, variable, bodies }
}

/** The direct parts of a node. */
export function parts(node: ASTNode): readonly ASTNode[] {
  switch (node.op) {
    case 'value':
    case 'id':
      return []
    case '.':
    case '.?':
      return [node.args[0]]
    case 'call':
      return node.args[1]
    case 'rcall':
      return [node.args[1], ...node.args[2]]
    case 'list':
      return node.args
    case 'map':
      return node.args.flat()
    case '!_':
    case '-_':
      return [node.args]
    default:
      return node.args
  }
}

/** `request.body["json"]` as `['request', 'body', 'json']`; undefined when the node is not a chain of constant names. */
export function pathOf(node: ASTNode): readonly string[] | undefined {
  if (node.op === 'id') return [node.args]
  if (node.op !== '.' && node.op !== '[]') return undefined
  const [of, key] = node.args
  const name = typeof key === 'string' ? key : constantText(key)
  const path = name === undefined ? undefined : pathOf(of)
  return path && name !== undefined ? [...path, name] : undefined
}

/** The text of a string literal. */
export function constantText(node: ASTNode): string | undefined {
  return node.op === 'value' && typeof node.args === 'string' ? node.args : undefined
}

/** The pattern and the text of a use of `matches`, in either form. */
export function matchesOf(node: ASTNode): { readonly text: ASTNode; readonly pattern: ASTNode } | undefined {
  if (node.op === 'rcall' && node.args[0] === 'matches') return pair([node.args[1], ...node.args[2]])
  if (node.op === 'call' && node.args[0] === 'matches') return pair(node.args[1])
  return undefined
}

function pair([text, pattern, ...more]: readonly ASTNode[]) {
  return text && pattern && more.length === 0 ? { text, pattern } : undefined
}
