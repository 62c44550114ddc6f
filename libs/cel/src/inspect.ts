import type { ASTNode } from '@marcbachmann/cel-js'
import { nearest } from '@vrata/notation'
import { compileRegex, RegexError } from '@vrata/regex'
import { CelError } from './errors.ts'
import type { CelLimits } from './limits.ts'
import { memberProblem, type Scope } from './schema.ts'
import { constantText, loopOf, matchesOf, parts, pathOf } from './tree.ts'

/** What is known about an expression from its syntax tree alone. */
export interface Inspection {
  readonly readsBody: boolean
  /** roughly how expensive an evaluation is; see {@link Predicate.cost} */
  readonly cost: number
}

const functions = new Set(
  `all bool bytes charAt contains double duration dyn endsWith exists exists_one filter getDate getDayOfMonth
  getDayOfWeek getDayOfYear getFullYear getHours getMilliseconds getMinutes getMonth getSeconds has indexOf int join
  lastIndexOf lowerAscii map matches replace size split startsWith string substring timestamp trim type uint
  upperAscii`.split(/\s+/),
)

const costs = { node: 1, constantMatches: 20, dynamicMatches: 200, rounds: 10, body: 1000 }
const int64 = { least: -(2n ** 63n), greatest: 2n ** 63n - 1n }

interface Place {
  readonly depth: number
  readonly loops: number
  readonly parent: ASTNode | undefined
  /** how often the node is expected to be evaluated */
  readonly times: number
}

/**
 * Walks the tree once: limits, functions that exist, constants that are in range, patterns that compile; and whether
 * the body is read. Names of members and types are the checker's business.
 * @throws {CelError}
 */
export function inspect(root: ASTNode, source: string, scope: Scope, limits: CelLimits): Inspection {
  let nodes = 0
  let cost = 0
  let readsBody = false
  const refuse = (node: ASTNode, { message, position, suggestion }: Problem): never => {
    throw new CelError(message, source, position ?? positionOf(node, source), suggestion)
  }
  const visit = (node: ASTNode, place: Place): void => {
    if (++nodes > limits.nodes) refuse(node, { message: `the expression has more than ${limits.nodes} parts` })
    if (place.depth > limits.depth)
      refuse(node, { message: `the expression is nested more than ${limits.depth} levels deep` })
    if (place.loops > limits.comprehensionDepth)
      refuse(node, { message: `comprehensions are nested more than ${limits.comprehensionDepth} levels deep` })
    cost += place.times * costOf(node)
    readsBody ||= mayReadBody(node, place.parent)
    const problem = problemOf(node, place.parent, scope)
    if (problem) refuse(node, problem)
    const loop = loopOf(node)
    for (const part of parts(node)) {
      const repeated = loop?.bodies.includes(part) ?? false
      visit(part, {
        depth: isChain(node, part) ? place.depth : place.depth + 1,
        loops: repeated ? place.loops + 1 : place.loops,
        parent: node,
        times: repeated ? place.times * costs.rounds : place.times,
      })
    }
  }
  visit(root, { depth: 0, loops: 0, parent: undefined, times: 1 })
  return { readsBody, cost: readsBody ? cost + costs.body : cost }
}

/** Where a reader would point: at the name of a method, else at the start. */
function positionOf(node: ASTNode, source: string): number {
  return node.op === 'rcall' ? source.indexOf(node.args[0], node.args[1].end) : node.start
}

/** `a && b && c` is a tree that leans to the left; for a reader it is one level. */
function isChain(node: ASTNode, part: ASTNode): boolean {
  return (node.op === '&&' || node.op === '||') && part.op === node.op && part === node.args[0]
}

/**
 * `request.body` and `request["body"]`, and every use of `request` whose member is not a constant name: then it may be
 * the body.
 */
function mayReadBody(node: ASTNode, parent: ASTNode | undefined): boolean {
  if (node.op !== 'id' || node.args !== 'request') return false
  if (!parent || (parent.op !== '.' && parent.op !== '[]') || parent.args[0] !== node) return true
  const member = pathOf(parent)?.[1]
  return member === undefined || member === 'body'
}

interface Problem {
  readonly message: string
  readonly suggestion?: string | undefined
  /** where, if not where the node is */
  readonly position?: number
}

function problemOf(node: ASTNode, parent: ASTNode | undefined, scope: Scope): Problem | undefined {
  if (node.op === 'call' || node.op === 'rcall') return callProblem(node, scope)
  if (node.op !== 'value' || typeof node.args !== 'bigint') return undefined
  const value = parent?.op === '-_' ? -node.args : node.args
  return value < int64.least || value > int64.greatest ? { message: `${value} is not within 64 bits` } : undefined
}

function callProblem(node: ASTNode & { readonly op: 'call' | 'rcall' }, scope: Scope): Problem | undefined {
  const name = node.args[0]
  if (!functions.has(name)) {
    return { message: `there is no function \`${name}\``, suggestion: nearest(name, functions) }
  }
  return name === 'has' ? hasProblem(parts(node)[0], scope) : patternProblem(node)
}

/** The checker looks at the variable only, not at the members that are asked for. */
function hasProblem(selection: ASTNode | undefined, scope: Scope): Problem | undefined {
  if (selection?.op !== '.') return undefined
  const path = pathOf(selection)
  const problem = path && memberProblem(scope, path)
  return problem ? { ...problem, position: selection.pos } : hasProblem(selection.args[0], scope)
}

function patternProblem(node: ASTNode): Problem | undefined {
  const pattern = constantPattern(node)
  if (pattern === undefined) return undefined
  try {
    compileRegex(pattern)
    return undefined
  } catch (thrown) {
    if (thrown instanceof RegexError) return { message: `matches: ${thrown.message}` }
    throw thrown
  }
}

function constantPattern(node: ASTNode): string | undefined {
  const use = matchesOf(node)
  return use && constantText(use.pattern)
}

function costOf(node: ASTNode): number {
  if (!matchesOf(node)) return costs.node
  return constantPattern(node) === undefined ? costs.dynamicMatches : costs.constantMatches
}
