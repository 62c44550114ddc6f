import { readFileSync } from 'node:fs'
import { LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'
import { expandVariables } from './expand.ts'
import { at, ConfigError, type ConfigProblem, dotted, type Path, problemAt, schemaProblems } from './problems.ts'

/** A configuration that passed every check, and what its reader should know besides. */
export interface LoadedConfig<T> {
  readonly config: T
  /** Sentences for the log: references to unset variables that became empty text. */
  readonly warnings: readonly string[]
  /** Variables that feed keys, passwords and certificates: nothing else may read them. */
  readonly sensitiveVariables: ReadonlySet<string>
}

export interface LoadOptions {
  /** Default: the environment of the process. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/**
 * Reads a YAML configuration file, expands environment references inside its string values, applies the schema.
 *
 * An empty file is an empty mapping. A key without a value counts as absent, except `tls`, `auth` and `encryption`:
 * what protects something must not go missing by an empty line, so these become an empty mapping and their own
 * required keys are asked for.
 *
 * @throws ConfigError with all problems at once: unreadable file, YAML error, unset variable, anything the schema says
 */
export function loadConfig<S extends z.ZodType>(
  path: string,
  schema: S,
  options: LoadOptions = {},
): LoadedConfig<z.output<S>> {
  return parseConfig(readText(path), schema, { ...options, file: path })
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
    const reason = code === 'ENOENT' ? 'the file does not exist' : `the file cannot be read (${String(code)})`
    throw new ConfigError(path, [{ pointer: '', path: '', message: reason }])
  }
}

/** {@link loadConfig} for a text already read; `file` is the name used in messages. */
export function parseConfig<S extends z.ZodType>(
  text: string,
  schema: S,
  options: LoadOptions & { readonly file?: string } = {},
): LoadedConfig<z.output<S>> {
  const file = options.file ?? 'configuration'
  const { document, lineOf } = parseYaml(text, file)
  const expanded = new Expander(options.env ?? process.env, lineOf)
  const value = expanded.value(document, [])
  const parsed = parseConverting(schema, value, expanded.whole)
  const found = parsed.success ? [] : schemaProblems(parsed.error.issues, schema, parsed.input, lineOf)
  const unset = new Set(expanded.problems.map((problem) => problem.pointer))
  const problems = [...expanded.problems, ...found.filter((problem) => !unset.has(problem.pointer))]
  if (!parsed.success || problems.length > 0) throw new ConfigError(file, problems)
  return { config: parsed.data, warnings: expanded.warnings, sensitiveVariables: expanded.sensitive }
}

interface Yaml {
  readonly document: unknown
  readonly lineOf: (path: Path) => number | undefined
}

function parseYaml(text: string, file: string): Yaml {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, merge: true, prettyErrors: false })
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ message, pos }) => ({
      pointer: '',
      path: '',
      line: lines.linePos(pos[0]).line,
      message: message.split('\n', 1)[0] ?? message,
    }))
    throw new ConfigError(file, problems)
  }
  const value: unknown = orProblem(file, () => document.toJS()) ?? {}
  if (isCyclic(value)) {
    throw new ConfigError(file, [{ pointer: '', path: '', message: 'an alias stands inside what it names' }])
  }
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new ConfigError(file, [{ pointer: '', path: '', message: 'must be a mapping of keys to values' }])
  }
  return { document: value, lineOf: (path) => lineOf(document, lines, path) }
}

/** What the library throws instead of listing it: aliases that lead nowhere or to too much. */
function orProblem<T>(file: string, read: () => T): T {
  try {
    return read()
  } catch (thrown) {
    if (!(thrown instanceof Error)) throw thrown
    throw new ConfigError(file, [{ pointer: '', path: '', message: thrown.message }])
  }
}

function isCyclic(value: unknown, above: ReadonlySet<unknown> = new Set()): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (above.has(value)) return true
  const within = new Set(above).add(value)
  return Object.values(value).some((member) => isCyclic(member, within))
}

/** The line of a value; of the nearest enclosing one when the path leads to nothing. */
function lineOf(document: ReturnType<typeof parseDocument>, lines: LineCounter, path: Path): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const node: unknown = document.getIn(path.slice(0, length), true)
    if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range)) continue
    const [start]: unknown[] = node.range
    if (typeof start === 'number') return lines.linePos(start).line
  }
  return undefined
}

const protects = new Set(['tls', 'auth', 'encryption'])
const secretKeys = new Set(['apiKey', 'password', 'url'])

/** Walks a document, expands its strings, and remembers what it met. */
class Expander {
  readonly problems: ConfigProblem[] = []
  readonly warnings: string[] = []
  readonly sensitive = new Set<string>()
  /** Places (dotted) that were one reference and nothing else. */
  readonly whole = new Set<string>()
  readonly #env: Readonly<Record<string, string | undefined>>
  readonly #lineOf: (path: Path) => number | undefined

  constructor(env: Readonly<Record<string, string | undefined>>, lineOf: (path: Path) => number | undefined) {
    this.#env = env
    this.#lineOf = lineOf
  }

  value(value: unknown, path: Path): unknown {
    if (typeof value === 'string') return this.#text(value, path)
    if (Array.isArray(value)) return value.map((item, index) => this.value(item, [...path, index]))
    if (typeof value !== 'object' || value === null) return value
    const members = Object.entries(value).flatMap(([key, member]): [string, unknown][] => {
      if (member === null) return protects.has(key) ? [[key, {}]] : []
      return [[key, this.value(member, [...path, key])]]
    })
    return Object.fromEntries(members)
  }

  #text(text: string, path: Path): string {
    const expansion = expandVariables(text, this.#env)
    const guarded = path.some((step) => typeof step === 'string' && protects.has(step)) || path.at(-1) === 'apiKey'
    if (guarded || secretKeys.has(String(path.at(-1)))) for (const use of expansion.uses) this.sensitive.add(use.name)
    if ('error' in expansion) {
      this.problems.push(problemAt(path, this.#lineOf, expansion.error))
      return text
    }
    for (const { name } of expansion.uses.filter((use) => use.missing)) {
      const reason = `the environment variable ${name} is not set`
      if (guarded) this.problems.push(problemAt(path, this.#lineOf, reason))
      else this.warnings.push(`${dotted(path)}: ${reason}; the empty text is used`)
    }
    if (expansion.whole) this.whole.add(dotted(path))
    return expansion.text
  }
}

type Parsed<T> =
  | { readonly success: true; readonly data: T }
  | { readonly success: false; readonly error: z.ZodError; readonly input: unknown }

/**
 * Applies the schema. Where it wants a number or a boolean and the file has one whole reference, the text is
 * converted: only the schema knows what a key wants, so its complaint is what triggers the conversion.
 */
function parseConverting<S extends z.ZodType>(
  schema: S,
  value: unknown,
  whole: ReadonlySet<string>,
): Parsed<z.output<S>> {
  // The schema's own words are replaced by ours where we have better ones: an empty message marks those.
  const options = { error: () => '' }
  const first = schema.safeParse(value, options)
  if (first.success) return { success: true, data: first.data }
  const copy: unknown = structuredClone(value)
  let converted = false
  for (const issue of first.error.issues) {
    const expected = expectedType(issue)
    if (expected === undefined) continue
    const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)))
    const text = at(copy, path)
    if (typeof text !== 'string' || !whole.has(dotted(path))) continue
    const scalar = readScalar(text, expected)
    const parent = at(copy, path.slice(0, -1))
    const key = path.at(-1)
    if (scalar === undefined || key === undefined || typeof parent !== 'object' || parent === null) continue
    Reflect.set(parent, key, scalar)
    converted = true
  }
  if (!converted) return { success: false, error: first.error, input: value }
  const second = schema.safeParse(copy, options)
  return second.success ? { success: true, data: second.data } : { success: false, error: second.error, input: copy }
}

/** The type that was missed; of a union the first that one of its branches missed: a number, where `auto` may stand. */
function expectedType(issue: z.core.$ZodIssue): string | undefined {
  if (issue.code === 'invalid_type') return issue.expected
  if (issue.code !== 'invalid_union') return undefined
  return issue.errors
    .flat()
    .filter(({ path }) => path.length === 0)
    .map(expectedType)
    .find((type) => type !== undefined)
}

function readScalar(text: string, expected: string): number | boolean | undefined {
  if (expected === 'boolean') return text === 'true' ? true : text === 'false' ? false : undefined
  if (expected !== 'number' && expected !== 'int') return undefined
  return /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : undefined
}
