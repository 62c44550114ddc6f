import type { ASTNode } from '@marcbachmann/cel-js'
import { optionalMembers } from './schema.ts'
import { constantText, type Loop, loopOf, matchesOf, parts, pathOf } from './tree.ts'

/** An expression as it is run. */
export interface Rewritten {
  readonly text: string
  /** there are parts that pay: the evaluation needs a budget */
  readonly pays: boolean
  /** there are comprehensions */
  readonly loops: boolean
}

/** Functions of the engine that ours replace, in the form `value.name(...)`. */
const replacedMethods = new Set('indexOf join lastIndexOf lowerAscii split substring trim upperAscii'.split(' '))
/** Functions of the engine that ours replace, in the form `name(value)`. */
const replacedFunctions = new Set(['duration', 'int', 'timestamp', 'uint'])
/** Functions of ours that pay for themselves. */
const payingMethods = new Set('join replace size split'.split(' '))

/**
 * Writes a checked expression anew, for the engine with the internal functions: `matches` runs on the linear-time
 * engine, comprehensions and growing results pay from the budget, `has` sees absent parents as absence, string
 * functions count code points. Every operator gets its parentheses, so precedence is of no concern.
 */
export function rewrite(root: ASTNode): Rewritten {
  let pays = false
  let loops = false
  const paying = (text: string) => {
    pays = true
    return text
  }

  const write = (node: ASTNode): string => {
    switch (node.op) {
      case 'value':
        return literal(node.args)
      case 'id':
        return node.args
      case '.':
        return `${operand(node.args[0])}.${node.args[1]}`
      case '[]':
        return `${operand(node.args[0])}[${write(node.args[1])}]`
      case 'call':
      case 'rcall':
        return writeCall(node)
      case 'list':
        return `[${list(node.args)}]`
      case 'map':
        return `{${node.args.map(([key, value]) => `${write(key)}: ${write(value)}`).join(', ')}}`
      case '?:':
        return writeChoice(node.args)
      case '!_':
        return `!${operand(node.args)}`
      case '-_':
        return `-${operand(node.args)}`
      case '.?':
      case '[?]':
        throw new Error('optional types are not enabled')
      default:
        return writeBinary(node.op, node.args)
    }
  }

  const writeChoice = ([condition, then, otherwise]: readonly [ASTNode, ASTNode, ASTNode]): string =>
    `${operand(condition)} ? ${operand(then)} : ${operand(otherwise)}`

  const writeBinary = (operator: string, [left, right]: readonly [ASTNode, ASTNode]): string => {
    // every operator binds to the left; without this a long chain would become a deep nest of parentheses
    const text = `${left.op === operator ? write(left) : operand(left)} ${operator} ${operand(right)}`
    return operator === '+' && !isNumber(left) && !isNumber(right) ? paying(`__grown(${text})`) : text
  }

  const writeCall = (node: ASTNode & { readonly op: 'call' | 'rcall' }): string => {
    const loop = loopOf(node)
    if (loop) return writeLoop(loop)
    const use = matchesOf(node)
    if (use) {
      const constant = constantText(use.pattern) !== undefined
      return paying(`${constant ? '__matches' : '__matchesPattern'}(${write(use.text)}, ${write(use.pattern)})`)
    }
    const name = node.args[0]
    if (name === 'size') return paying(`__size(${list(parts(node))})`)
    if (name === 'has' && node.op === 'call') return writeHas(node.args[1])
    if (node.op === 'call') return `${replacedFunctions.has(name) ? '__' : ''}${name}(${list(node.args[1])})`
    if (payingMethods.has(name)) pays = true
    return `${operand(node.args[1])}.${replacedMethods.has(name) ? '__' : ''}${name}(${list(node.args[2])})`
  }

  /** `has(request.body.json)` becomes `has(request.body) && has(request.body.json)`. */
  const writeHas = (args: readonly ASTNode[]): string => {
    const [selection] = args
    const path = (selection && pathOf(selection)) ?? []
    const guards = path
      .map((_, index) => path.slice(0, index).join('.'))
      .filter((parent) => optionalMembers.has(parent))
    return `(${[...guards.map((parent) => `has(${parent})`), `has(${list(args)})`].join(' && ')})`
  }

  const writeLoop = ({ name, range, variable, bodies: [first, ...more] }: Loop): string => {
    const nodes = [first, ...more].reduce((sum, body) => sum + (body ? roundCost(body) : 0), 0)
    loops = true
    const round = `__round(${first ? write(first) : 'null'}, ${name === 'exists'})`
    const rest = more.map((body) => `, ${write(body)}`).join('')
    return paying(`__each(${write(range)}, ${nodes}).${name}(${write(variable)}, ${round}${rest})`)
  }

  const list = (nodes: readonly ASTNode[]) => nodes.map(write).join(', ')
  const operand = (node: ASTNode) => (needsNone.has(node.op) ? write(node) : `(${write(node)})`)

  const text = write(root)
  return { text, pays, loops }
}

const needsNone = new Set(['value', 'id', '.', '[]', 'call', 'rcall', 'list', 'map'])

const isNumber = ({ op, args }: ASTNode) => op === 'value' && (typeof args === 'bigint' || typeof args === 'number')

/** The nodes that one round evaluates; loops inside pay for their own rounds. */
function roundCost(node: ASTNode): number {
  const loop = loopOf(node)
  const counted = loop ? [loop.range] : parts(node)
  return counted.reduce((sum, part) => sum + roundCost(part), 1)
}

function literal(value: unknown): string {
  if (typeof value === 'string') return `"${value.replace(/["\\\n\r]/g, escaped)}"`
  if (typeof value === 'number') return /^-?\d+$/.test(String(value)) ? `${value}.0` : String(value)
  if (value instanceof Uint8Array) return `b"${Array.from(value, escapedByte).join('')}"`
  if (typeof value === 'object' && value !== null) return `${String(value)}u`
  return String(value)
}

const escaped = (character: string) => (character === '\n' ? '\\n' : character === '\r' ? '\\r' : `\\${character}`)
const escapedByte = (byte: number) => `\\x${byte.toString(16).padStart(2, '0')}`
