import { nearest, pointer } from '@vrata/notation'
import { z } from 'zod'

/** One thing wrong with a configuration file. Never holds the value of a secret key. */
export interface ConfigProblem {
  /** RFC 6901, into the document. */
  readonly pointer: string
  /** The same place as people write it: `controlPlane.auth.apiKeys[0].name`; empty for the whole file. */
  readonly path: string
  /** Line of the file, from 1, where the place (or the nearest thing around it) stands. */
  readonly line?: number
  readonly message: string
  /** What was probably meant. */
  readonly suggestion?: string
}

/** Thrown when a configuration file cannot be used; the message holds all problems in one line. */
export class ConfigError extends Error {
  readonly file: string
  readonly problems: readonly ConfigProblem[]

  constructor(file: string, problems: readonly ConfigProblem[]) {
    const [first] = problems
    super(
      problems.length === 1 && first !== undefined
        ? describe(file, first)
        : `${file} has ${problems.length} problems: ${problems.map((problem) => describe('', problem)).join('; ')}`,
    )
    this.name = 'ConfigError'
    this.file = file
    this.problems = problems
  }
}

function describe(file: string, problem: ConfigProblem): string {
  const line = problem.line === undefined ? '' : file === '' ? `line ${problem.line}` : `:${problem.line}`
  const place = [`${file}${line}`, problem.path].filter((part) => part !== '').join(': ')
  const hint = problem.suggestion === undefined ? '' : ` (did you mean ${problem.suggestion}?)`
  return `${place === '' ? '' : `${place}: `}${problem.message}${hint}`
}

/** Steps into a configuration document. */
export type Path = readonly (string | number)[]

/** `a.b[0].c` */
export function dotted(path: Path): string {
  return path.map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`)).join('')
}

/** A problem at a path; its line is looked up with `lineOf`. */
export function problemAt(
  path: Path,
  lineOf: (path: Path) => number | undefined,
  message: string,
  suggestion?: string,
): ConfigProblem {
  const line = lineOf(path)
  return {
    pointer: pointer(...path),
    path: dotted(path),
    ...(line === undefined ? {} : { line }),
    message,
    ...(suggestion === undefined ? {} : { suggestion }),
  }
}

/** What zod found, as problems of the file. `value` is the document that was checked. */
export function schemaProblems(
  issues: readonly z.core.$ZodIssue[],
  schema: z.core.$ZodType,
  value: unknown,
  lineOf: (path: Path) => number | undefined,
): ConfigProblem[] {
  return issues.flatMap((issue) => {
    const path = steps(issue.path)
    if (issue.code === 'unrecognized_keys') {
      const known = keysAt(schema, path)
      return issue.keys.map((key) => problemAt([...path, key], lineOf, 'unknown key', nearest(key, known)))
    }
    if (issue.code === 'invalid_union' && issue.message === '') {
      const branch = bestBranch(issue.errors)
      const inner = branch.map((found) => ({ ...found, path: [...issue.path, ...found.path] }))
      return schemaProblems(inner, schema, value, lineOf)
    }
    const { message, suggestion } = explain(issue, at(value, path))
    return [problemAt(path, lineOf, message, suggestion)]
  })
}

function steps(path: readonly PropertyKey[]): Path {
  return path.map((step) => (typeof step === 'number' ? step : String(step)))
}

/** Of a union's alternatives the one that came furthest: it understood the value and complained about its content. */
function bestBranch(branches: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] {
  const understood = branches.find((issues) =>
    issues.every((issue) => issue.path.length > 0 || (issue.code !== 'invalid_type' && issue.code !== 'invalid_value')),
  )
  return understood ?? branches.at(-1) ?? []
}

function explain(issue: z.core.$ZodIssue, value: unknown): { readonly message: string; readonly suggestion?: string } {
  switch (issue.code) {
    case 'invalid_type':
      return { message: value === undefined ? 'is required' : wrongType(issue.expected, value) }
    case 'invalid_value': {
      if (issue.message !== '') return { message: issue.message }
      const words = issue.values.filter((word): word is string => typeof word === 'string' && word !== '')
      const suggestion = typeof value === 'string' ? nearest(value, words) : undefined
      return { message: `must be one of ${words.join(', ')}`, ...(suggestion === undefined ? {} : { suggestion }) }
    }
    case 'too_small':
      return { message: issue.message || `must be at least ${issue.minimum}` }
    case 'too_big':
      return { message: issue.message || `must be at most ${issue.maximum}` }
    case 'custom': {
      const suggestion: unknown = issue.params?.['suggestion']
      return { message: issue.message, ...(typeof suggestion === 'string' ? { suggestion } : {}) }
    }
    default:
      return { message: issue.message || 'is not valid' }
  }
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a mapping',
  record: 'a mapping',
  array: 'a list',
}

function wrongType(expected: string, value: unknown): string {
  const is = Array.isArray(value) ? 'array' : typeof value
  const hint = expected === 'string' && is !== 'object' && is !== 'array' ? ' (put it in quotes)' : ''
  if (expected === 'int' && is === 'number') return 'must be a whole number'
  return `must be ${typeNames[expected] ?? expected}, not ${typeNames[is] ?? is}${hint}`
}

/** The value at a path; undefined where there is none. */
export function at(value: unknown, path: Path): unknown {
  let current = value
  for (const step of path) {
    if (typeof current !== 'object' || current === null) return undefined
    current = Reflect.get(current, step)
  }
  return current
}

/** The keys that a schema knows at a path: the candidates for a misspelt one. */
function keysAt(schema: z.core.$ZodType, path: Path): string[] {
  if (schema instanceof z.ZodObject) {
    const [step, ...rest] = path
    if (step === undefined) return Object.keys(schema.shape)
    const member: unknown = schema.shape[step]
    return member instanceof z.ZodType ? keysAt(member, rest) : []
  }
  if (schema instanceof z.ZodArray || schema instanceof z.ZodRecord) {
    return keysAt(schema instanceof z.ZodArray ? schema.element : schema.valueType, path.slice(1))
  }
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return keysAt(schema.unwrap(), path)
  }
  if (schema instanceof z.ZodPipe) return keysAt(schema.in, path)
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => keysAt(option, path))
  return []
}
