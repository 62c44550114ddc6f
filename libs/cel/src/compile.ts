import type { ASTNode, Environment, ParseError, ParseResult } from '@marcbachmann/cel-js'
import { nearest } from '@vrata/notation'
import { openBudget, spent } from './budget.ts'
import { engineFor } from './engine.ts'
import { CelError, CelEvaluationError } from './errors.ts'
import { type Inspection, inspect } from './inspect.ts'
import type { CelLimits } from './limits.ts'
import { rewrite } from './rewrite.ts'
import { memberProblem, type NameProblem, type Scope, variables } from './schema.ts'
import { pathOf } from './tree.ts'

/** An expression that was checked and can be run. */
export interface Compiled extends Inspection {
  /** the static type: `bool`, `dyn`, `string` ... */
  readonly type: string
  /**
   * Runs it over an object with one member for each variable of its scope.
   * @throws {CelEvaluationError}
   */
  run(values: object): unknown
}

/**
 * Parses, inspects, checks and rewrites an expression.
 * @throws {CelError}
 */
export function compile(source: string, scope: Scope, limits: CelLimits): Compiled {
  if (source.length > limits.sourceLength) {
    throw new CelError(`the expression has ${source.length} characters; ${limits.sourceLength} are allowed`, source)
  }
  const { written, internal } = engineFor(scope)
  const parsed = parse(written, source)
  const inspection = inspect(parsed.ast, source, scope, limits)
  const { valid, type, error } = parsed.check()
  if (!valid || type === undefined) throw checkError(error, source, scope)
  return { ...inspection, type, run: runnable(internal, parsed.ast, { source, scope, limits }) }
}

function parse(environment: Environment, source: string): ParseResult {
  try {
    return environment.parse(source)
  } catch (thrown) {
    if (thrown instanceof RangeError) throw new CelError('the expression is nested too deeply', source)
    if (!isEngineError(thrown)) throw thrown
    throw new CelError(sentence(thrown.summary), source, thrown.range?.start)
  }
}

interface Wanted {
  readonly source: string
  readonly scope: Scope
  readonly limits: CelLimits
}

function runnable(internal: Environment, ast: ASTNode, wanted: Wanted): (values: object) => unknown {
  const { source, scope, limits } = wanted
  const { text, pays, loops } = rewrite(ast)
  const parsed = internal.parse(text)
  const { valid, error } = parsed.check()
  if (!valid) throw new CelError(`the expression cannot be run: ${sentence(error?.summary ?? '')}`, source)
  const program = loops ? forgetful(parsed, scope) : parsed
  if (!pays) return untraced(program)
  return untraced((values) => {
    openBudget(limits)
    try {
      const value: unknown = program(values)
      if (!spent()) return value
    } catch (thrown) {
      if (!spent()) throw thrown
    }
    throw new CelEvaluationError('the evaluation takes too many steps or too long', 'limit')
  })
}

/**
 * The engine's comprehensions remember the variables they ran with until they run again. They are given a copy that
 * is emptied, or each of many expressions would keep a request alive.
 */
function forgetful(program: (values: Record<string, unknown>) => unknown, scope: Scope): (values: object) => unknown {
  const names = Object.keys(variables[scope])
  const copy: Record<string, unknown> = Object.fromEntries(names.map((name) => [name, undefined]))
  return (values) => {
    for (const name of names) copy[name] = Reflect.get(values, name)
    try {
      return program(copy)
    } finally {
      for (const name of names) copy[name] = undefined
    }
  }
}

/**
 * Evaluation errors are ordinary here (an absent header is one) and `&&` and `||` swallow them: without stack traces
 * an error costs an eighth.
 */
function untraced(program: (values: object) => unknown): (values: object) => unknown {
  return (values) => {
    const traced = Error.stackTraceLimit
    Error.stackTraceLimit = 0
    try {
      return program(values)
    } catch (thrown) {
      throw evaluationError(thrown)
    } finally {
      Error.stackTraceLimit = traced
    }
  }
}

function evaluationError(thrown: unknown): CelEvaluationError {
  if (thrown instanceof CelEvaluationError) return thrown
  if (isEngineError(thrown)) return new CelEvaluationError(sentence(thrown.summary))
  return new CelEvaluationError(thrown instanceof Error ? thrown.message : String(thrown), 'value', thrown)
}

function checkError(thrown: unknown, source: string, scope: Scope): CelError {
  if (!isEngineError(thrown)) {
    return new CelError(thrown instanceof Error ? thrown.message : 'the expression is not valid', source)
  }
  const { code, summary, range, node } = thrown
  const better = node && isNode(node) ? nameProblem(code, node, scope) : undefined
  return new CelError(better?.message ?? sentence(summary), source, range?.start, better?.suggestion)
}

/** A better word for names that do not exist: which, where, and what was probably meant. */
function nameProblem(code: string, node: ASTNode, scope: Scope): NameProblem | undefined {
  const path = pathOf(node)
  if (code === 'no_such_key') return path && memberProblem(scope, path)
  const name = path?.at(-1)
  if (code !== 'unknown_variable' || name === undefined) return undefined
  return { message: `there is no variable \`${name}\``, suggestion: nearest(name, Object.keys(variables[scope])) }
}

/** The engine's words without the names of internal functions. */
const sentence = (summary: string) => summary.replace(/\b__/g, '')

/** The engine's errors of all three kinds; it exports only their types. */
function isEngineError(thrown: unknown): thrown is ParseError {
  return thrown instanceof Error && 'code' in thrown && 'summary' in thrown
}

function isNode(node: object): node is ASTNode {
  return 'op' in node && node.op !== undefined
}
