import { RE2JS, RE2JSException, RE2JSSyntaxException } from 're2js'
import { anchoredPrefix, type LiteralShape, literalShape } from './literal.ts'
import type { Substitution } from './substitution.ts'

/** A pattern or a substitution that cannot be compiled; `message` is one line for the person who wrote it. */
export class RegexError extends Error {
  readonly pattern: string
  /** offset of the offending part in `pattern`, where it is known */
  readonly position?: number
  constructor(message: string, pattern: string, position?: number) {
    super(message)
    this.name = 'RegexError'
    this.pattern = pattern
    if (position !== undefined) this.position = position
  }
}

/**
 * A compiled regular expression in RE2 syntax. Whatever the pattern, the time of a search is linear in the length of
 * the text: there is no backtracking. Made by {@link compileRegex}.
 */
export class Regex {
  readonly source: string
  /** capturing groups, the whole match not counted */
  readonly groupCount: number
  /** names of the named groups, in the order of their opening parentheses */
  readonly groupNames: readonly string[]
  readonly #engine: RE2JS
  readonly #search: (text: string) => boolean
  readonly #groups: Readonly<Record<string, number>>

  constructor(source: string, engine: RE2JS) {
    this.source = source
    this.#engine = engine
    this.#search = searcher(source, engine)
    this.#groups = engine.namedGroups()
    this.groupCount = engine.groupCount()
    this.groupNames = Object.keys(this.#groups)
  }

  /** Whether the pattern matches anywhere in `text`. */
  test(text: string): boolean {
    return this.#search(text)
  }

  /** The number of the group called `name`. */
  groupIndex(name: string): number | undefined {
    return this.#groups[name]
  }

  /**
   * `text` with every match replaced, left to right, not overlapping. An empty match directly behind another match is
   * not replaced (`a*` in `baac` by `x` gives `xbxcx`), as in RE2 and Go.
   */
  replaceAll(text: string, substitution: Substitution): string {
    const matcher = this.#engine.matcher(text)
    let result = ''
    let copied = 0
    let lastEnd = -1
    while (matcher.find()) {
      const start = matcher.start()
      const end = matcher.end()
      if (start === end && start === lastEnd) continue
      result += text.slice(copied, start) + expand(substitution, matcher)
      copied = end
      lastEnd = end
    }
    return result + text.slice(copied)
  }
}

/**
 * Compiles `pattern`. Called when a snapshot is compiled and wherever a pattern is validated, never per request.
 * @throws {RegexError} with what is wrong and, where the engine tells, where
 */
export function compileRegex(pattern: string): Regex {
  try {
    return new Regex(pattern, RE2JS.compile(pattern))
  } catch (thrown) {
    if (!(thrown instanceof RE2JSException)) throw thrown
    throw explain(thrown, pattern)
  }
}

function explain(thrown: RE2JSException, pattern: string): RegexError {
  if (!(thrown instanceof RE2JSSyntaxException)) return new RegexError(thrown.message, pattern)
  const fragment = thrown.getPattern()
  const position = fragment ? pattern.indexOf(fragment) : -1
  const hint = hintFor(fragment ?? '')
  const quoted = fragment ? `: \`${fragment}\`` : ''
  return new RegexError(`${thrown.getDescription()}${quoted}${hint}`, pattern, position === -1 ? undefined : position)
}

function hintFor(fragment: string): string {
  if (/^\(\?<?[=!]/.test(fragment)) return ' (look-around does not exist in RE2)'
  if (/^\\[1-9]/.test(fragment)) return ' (back references do not exist in RE2)'
  return ''
}

function searcher(source: string, engine: RE2JS): (text: string) => boolean {
  const shape = literalShape(source)
  if (shape) return literalSearcher(shape)
  const prefix = anchoredPrefix(source)
  if (prefix === '') return (text) => engine.test(text)
  return (text) => text.startsWith(prefix) && engine.test(text)
}

function literalSearcher({ literal, start, end }: LiteralShape): (text: string) => boolean {
  if (start && end) return (text) => text === literal
  if (start) return (text) => text.startsWith(literal)
  if (end) return (text) => text.endsWith(literal)
  return (text) => text.includes(literal)
}

interface Groups {
  group(group: number): string | null
}

function expand(substitution: Substitution, match: Groups): string {
  let text = ''
  for (const part of substitution.parts) text += typeof part === 'string' ? part : (match.group(part) ?? '')
  return text
}
