import { literalPrefix, quoteRegex, RegexError } from '@vrata/regex'
import { configuredPath } from './canonical-path.ts'
import type { PathTest } from './simple-expression.ts'

/** Which paths a route takes, after its group's part was put before its own. */
export type PathPattern =
  /** Every path, and `*`. */
  | { readonly kind: 'any' }
  | { readonly kind: 'exact'; readonly path: string }
  /** By whole segments, `prefix` without slashes at its end (`''` takes every path), or by plain text. */
  | { readonly kind: 'prefix'; readonly prefix: string; readonly mode: 'segment' | 'string' }
  /** Tied to the start of the path, open at its end; every match begins with `literal`. */
  | { readonly kind: 'regex'; readonly source: string; readonly test: PathTest; readonly literal: string }

/** The members of a match (or a group) that say something about the path; at most one of the three is given. */
export interface PathFields {
  readonly path?: string | undefined
  readonly pathPrefix?: string | undefined
  readonly pathRegex?: string | undefined
  readonly prefixMode?: 'segment' | 'string' | undefined
}

/** Why a path cannot be composed; `field` is the member at fault, of the group if `ofGroup`. */
export interface PathFault {
  readonly ofGroup: boolean
  readonly field: 'path' | 'pathPrefix' | 'pathRegex'
  readonly message: string
  readonly code: 'path.invalid' | 'regex.invalid' | 'exclusive.fields'
  readonly suggestion?: string
}

/** Either the pattern or why there is none. */
export type PathOutcome =
  | { readonly ok: true; readonly pattern: PathPattern }
  | { readonly ok: false; readonly fault: PathFault }

/**
 * Puts the path of a group before the path of a route. Paths are joined by exactly one slash and brought into the form
 * in which requests are matched; a literal part that meets a regular expression is quoted, and an expression may begin
 * with a `^` that is already implied. `compile` compiles the regular expressions that come out; it throws `RegexError`.
 */
export function composePath(
  group: PathFields | undefined,
  route: PathFields,
  compile: (source: string) => PathTest,
): PathOutcome {
  const exclusive = exclusiveFault(group, true) ?? exclusiveFault(route, false)
  if (exclusive) return { ok: false, fault: exclusive }
  if (group?.pathRegex !== undefined) return behindRegex(group.pathRegex, route, compile)
  if (group?.pathPrefix !== undefined) return behindPrefix(group.pathPrefix, route, compile)
  return alone(route, compile)
}

function exclusiveFault(fields: PathFields | undefined, ofGroup: boolean): PathFault | undefined {
  const names = ['path', 'pathPrefix', 'pathRegex'] as const
  const [first, second] = names.filter((name) => fields?.[name] !== undefined)
  if (second === undefined) return undefined
  return { ofGroup, field: second, message: `${first} and ${second} exclude each other`, code: 'exclusive.fields' }
}

function alone(route: PathFields, compile: (source: string) => PathTest): PathOutcome {
  if (route.pathRegex !== undefined) return regexOf(`^(?:${withoutCaret(route.pathRegex)})`, compile, false)
  const field = route.path === undefined ? 'pathPrefix' : 'path'
  const text = route.path ?? route.pathPrefix
  if (text === undefined) return { ok: true, pattern: { kind: 'any' } }
  if (!text.startsWith('/') && !(field === 'path' && text === '*')) {
    const message = 'a path begins with "/" unless a group comes before it'
    return { ok: false, fault: { ofGroup: false, field, message, code: 'path.invalid', suggestion: `/${text}` } }
  }
  const own = configuredPath(text)
  return own.ok ? literal(own.path, route) : invalidPath(false, field, own.reason)
}

function behindPrefix(groupPrefix: string, route: PathFields, compile: (source: string) => PathTest): PathOutcome {
  const base = configuredPath(groupPrefix)
  if (!base.ok) return invalidPath(true, 'pathPrefix', base.reason)
  const start = withoutSlashes(base.path)
  if (route.pathRegex !== undefined) {
    const own = withoutCaret(route.pathRegex)
    // A path never holds two slashes in a row: where the expression brings its own, the one of the prefix has to go.
    const before = literalPrefix(own).startsWith('/') ? start : base.path
    return regexOf(`^${quoteRegex(before)}(?:${own})`, compile, false)
  }
  const field = route.path === undefined ? 'pathPrefix' : 'path'
  const text = route.path ?? route.pathPrefix
  if (text === undefined) return { ok: true, pattern: prefixPattern(base.path, route) }
  const own = configuredPath(text.startsWith('/') ? text : `/${text}`)
  return own.ok ? literal(`${start}${own.path}`, route) : invalidPath(false, field, own.reason)
}

function behindRegex(groupRegex: string, route: PathFields, compile: (source: string) => PathTest): PathOutcome {
  const start = `^(?:${withoutCaret(groupRegex)})`
  if (route.pathRegex !== undefined) return regexOf(`${start}(?:${withoutCaret(route.pathRegex)})`, compile, false)
  const field = route.path === undefined ? 'pathPrefix' : 'path'
  const text = route.path ?? route.pathPrefix
  if (text === undefined) return regexOf(start, compile, true)
  const rooted = configuredPath(text.startsWith('/') ? text : `/${text}`)
  if (!rooted.ok) return invalidPath(false, field, rooted.reason)
  const own = text.startsWith('/') ? rooted.path : rooted.path.slice(1)
  if (route.path !== undefined) return regexOf(`${start}(?:${quoteRegex(own)})$`, compile, true)
  if (route.prefixMode === 'string') return regexOf(`${start}(?:${quoteRegex(own)})`, compile, true)
  const segments = withoutSlashes(own)
  const middle = segments === '' ? '' : `(?:${quoteRegex(segments)})`
  return regexOf(`${start}${middle}(?:/|$)`, compile, true)
}

function literal(path: string, route: PathFields): PathOutcome {
  const pattern = route.path === undefined ? prefixPattern(path, route) : ({ kind: 'exact', path } as const)
  return { ok: true, pattern }
}

function prefixPattern(path: string, { prefixMode = 'segment' }: PathFields): PathPattern {
  return { kind: 'prefix', prefix: prefixMode === 'segment' ? withoutSlashes(path) : path, mode: prefixMode }
}

function regexOf(source: string, compile: (source: string) => PathTest, ofGroup: boolean): PathOutcome {
  try {
    return { ok: true, pattern: { kind: 'regex', source, test: compile(source), literal: literalPrefix(source) } }
  } catch (thrown) {
    if (!(thrown instanceof RegexError)) throw thrown
    const message = `not a regular expression once composed to ${JSON.stringify(source)}: ${thrown.message}`
    return { ok: false, fault: { ofGroup, field: 'pathRegex', message, code: 'regex.invalid' } }
  }
}

function invalidPath(ofGroup: boolean, field: 'path' | 'pathPrefix', reason: string): PathOutcome {
  return {
    ok: false,
    fault: { ofGroup, field, message: `no request can have this path: ${reason}`, code: 'path.invalid' },
  }
}

function withoutSlashes(path: string): string {
  return path.replace(/\/+$/, '')
}

/** A leading `^`, also one behind flags, says what composing adds anyway; inside of a longer expression it never holds. */
function withoutCaret(pattern: string): string {
  return pattern.replace(/^((?:\(\?[a-zA-Z]+\))*)\^/, '$1')
}
