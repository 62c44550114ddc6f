import type { ASTNode, Environment as CelEnvironment } from '@marcbachmann/cel-js'
import { Environment } from '@marcbachmann/cel-js/evaluator'
import { compileRegex } from '@vrata/regex'
import { nextRound, pay, payText } from './budget.ts'
import { type Add, addConversions, addExactConversions } from './conversions.ts'
import { matchesPattern, matchesRegex } from './matches.ts'
import { objectTypes, type Scope, variables } from './schema.ts'
import * as strings from './strings.ts'

/** The engine set up for one kind of expression. */
export interface Engine {
  /** knows what a person may write: parses and checks the source */
  readonly written: CelEnvironment
  /** knows the internal functions too: runs what rewrite.ts makes of it */
  readonly internal: CelEnvironment
}

/** What stands between a caller and an overflow of the stack while parsing; the real limits are checked afterwards. */
const parserLimits = { maxAstNodes: 10_000, maxDepth: 100, maxListElements: 10_000, maxMapEntries: 10_000 }
const noLimits = { maxAstNodes: 1e9, maxDepth: 1e9, maxListElements: 1e9, maxMapEntries: 1e9, maxCallArguments: 1e9 }

const engines = new Map<Scope, Engine>()

/** The engine for a scope, made at first use. */
export function engineFor(scope: Scope): Engine {
  const kept = engines.get(scope)
  if (kept) return kept
  const written = writtenEnvironment(scope)
  const engine = { written, internal: internalEnvironment(written) }
  engines.set(scope, engine)
  return engine
}

function writtenEnvironment(scope: Scope): CelEnvironment {
  const environment: CelEnvironment = new Environment({ homogeneousAggregateLiterals: false, limits: parserLimits })
  for (const [name, type] of Object.entries(objectTypes)) environment.registerType(name, { ...type })
  for (const [name, type] of Object.entries(variables[scope])) environment.registerVariable(name, type)
  environment.registerOperator('string in string', strings.inList)
  const add = adder(environment)
  add('matches(string, string): bool', matchesPattern)
  addConversions(add)
  add('string.charAt(int): string', strings.charAt)
  add('string.replace(string, string): string', strings.replace)
  add('string.replace(string, string, int): string', strings.replace)
  return environment
}

function internalEnvironment(written: CelEnvironment): CelEnvironment {
  const environment = written.clone({ limits: noLimits })
  const add = adder(environment)
  add('__size(string): int', strings.sizeOf)
  add('__size(bytes): int', (bytes: Uint8Array) => BigInt(bytes.length))
  add('__size(list): int', (list: readonly unknown[]) => BigInt(list.length))
  add('__size(map): int', (map: object) => BigInt(map instanceof Map ? map.size : Object.keys(map).length))
  add('string.__lowerAscii(): string', strings.lowerAscii)
  add('string.__trim(): string', strings.trim)
  add('string.__upperAscii(): string', strings.upperAscii)
  add('string.__indexOf(string): int', strings.indexOf)
  add('string.__indexOf(string, int): int', strings.indexOf)
  add('string.__lastIndexOf(string): int', strings.lastIndexOf)
  add('string.__lastIndexOf(string, int): int', strings.lastIndexOf)
  add('string.__substring(int): string', strings.substring)
  add('string.__substring(int, int): string', strings.substring)
  add('string.__split(string): list<string>', strings.split)
  add('string.__split(string, int): list<string>', strings.split)
  add('list<string>.__join(): string', strings.join)
  add('list<string>.__join(string): string', strings.join)
  add('__matchesPattern(string, string): bool', matchesPattern)
  addExactConversions(add)
  addMacros(add)
  return environment
}

/** `async: false` spares every call a look whether its operands are promises. */
function adder(environment: CelEnvironment): Add {
  return (signature, handler) => {
    environment.registerFunction(signature, handler as (...args: unknown[]) => unknown, { async: false })
  }
}

/** What the engine hands to a macro's functions; types and contexts are its own business. */
interface Checker {
  check(node: ASTNode, context: unknown): unknown
  getType(name: string): unknown
}
interface Evaluator {
  run(node: ASTNode, context: unknown): unknown
}
interface Macro {
  readonly async: false
  typeCheck(checker: Checker, macro: Macro, context: unknown): unknown
  evaluate(evaluator: Evaluator, macro: Macro, context: unknown): unknown
}
type Operands = { readonly args: readonly ASTNode[] }

function addMacros(add: Add): void {
  // __matches(text, "pattern"): the pattern is compiled when the expression is and lives as long as it
  add('__matches(ast, ast): bool', ({ args: [text, pattern] }: { args: [ASTNode, ASTNode] }): Macro => {
    const regex = compileRegex(String(pattern.args))
    return {
      async: false,
      typeCheck: (checker, _, context) => {
        checker.check(text, context)
        return checker.getType('bool')
      },
      evaluate: (evaluator, _, context) => matchesRegex(textOf(evaluator.run(text, context)), regex),
    }
  })
  // __each(list, nodes): the list that a comprehension walks, paid for before the first round
  add('__each(ast, ast): dyn', ({ args: [list, nodes] }: { args: [ASTNode, ASTNode] }): Macro => {
    const price = Number(nodes.args)
    return transparent(list, (value) => (pay(lengthOf(value) * price) ? value : []))
  })
  // __round(body, value): one round of a comprehension; when the budget is spent, the value that ends the loop
  add('__round(ast, ast): dyn', ({ args: [body, ending] }: { args: [ASTNode, ASTNode] }): Macro => {
    const value = ending.args
    return {
      async: false,
      typeCheck: (checker, _, context) => checker.check(body, context),
      evaluate: (evaluator, _, context) => (nextRound() ? evaluator.run(body, context) : value),
    }
  })
  // __grown(a + b): pays for a result that can be longer than either operand
  add('__grown(ast): dyn', ({ args }: Operands): Macro => {
    const [sum] = args
    if (!sum) throw new Error('__grown takes one operand')
    return transparent(sum, paidFor)
  })
}

/** A macro that is its operand, of the operand's type, with something done to the value. */
function transparent(operand: ASTNode, through: (value: unknown) => unknown): Macro {
  return {
    async: false,
    typeCheck: (checker, _, context) => checker.check(operand, context),
    evaluate: (evaluator, _, context) => through(evaluator.run(operand, context)),
  }
}

function paidFor(value: unknown): unknown {
  if (typeof value === 'string') return payText(value.length) ? value : ''
  if (Array.isArray(value)) return pay(value.length) ? value : []
  if (value instanceof Uint8Array) return payText(value.length) ? value : new Uint8Array(0)
  return value
}

function lengthOf(value: unknown): number {
  if (Array.isArray(value)) return value.length
  if (value instanceof Map) return value.size
  return typeof value === 'object' && value !== null ? Object.keys(value).length : 0
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  throw new TypeError('matches: the text has to be a string')
}
