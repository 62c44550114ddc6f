import type { Route } from '@vrata/model'
import { compileSubstitution, type Regex, type Substitution } from '@vrata/regex'
import { canonicalRewrite, escapeNonAscii } from './canonical-path.ts'
import type { PathPattern } from './path-pattern.ts'

/** How a path is changed on its way, compiled. */
export type PathRewrite =
  | { readonly kind: 'prefix'; readonly swap: (path: string) => string }
  | { readonly kind: 'whole'; readonly path: string }
  | { readonly kind: 'regex'; readonly regex: Regex; readonly substitution: Substitution }

type Configured = NonNullable<NonNullable<Route['forward']>['rewrite']>

/**
 * Compiles what a route's `forward.rewrite` says about the path; undefined when it says nothing. `path` takes the place
 * of the prefix that the route (with its group) matched by, and of the whole path if it did not match by prefix.
 *
 * @throws {RegexError} for a pattern or substitution that cannot be compiled; its `pattern` tells which
 */
export function compilePathRewrite(
  configured: Configured | undefined,
  pattern: PathPattern,
  compile: (pattern: string) => Regex,
): PathRewrite | undefined {
  if (configured?.pathRegex !== undefined) {
    const regex = compile(configured.pathRegex.pattern)
    return { kind: 'regex', regex, substitution: compileSubstitution(configured.pathRegex.substitution, regex) }
  }
  if (configured?.fullPath !== undefined) return { kind: 'whole', path: canonicalRewrite(configured.fullPath) }
  if (configured?.path === undefined) return undefined
  const swap = prefixSwap(pattern, configured.path)
  return swap ? { kind: 'prefix', swap } : { kind: 'whole', path: canonicalRewrite(configured.path) }
}

/**
 * Replaces the prefix that a path was matched by, joining with exactly one slash; undefined for a pattern that is no
 * prefix.
 */
export function prefixSwap(pattern: PathPattern, replacement: string): ((path: string) => string) | undefined {
  if (pattern.kind !== 'prefix') return undefined
  const { length } = pattern.prefix
  const whole = canonicalRewrite(replacement)
  const start = whole.replace(/\/+$/, '')
  const swap = (path: string) => {
    if (path.length === length) return whole
    return path.charCodeAt(length) === slash ? start + path.slice(length) : `${start}/${path.slice(length)}`
  }
  // Cutting at any character can leave a segment `..`.
  return pattern.mode === 'segment' ? swap : (path) => canonicalRewrite(swap(path))
}

const slash = 0x2f

/** Path and query on their way, the query without its `?`. */
export interface Target {
  readonly path: string
  readonly query: string
}

/**
 * The changed path and query. What a substitution has behind its first `?` comes before the query of the request. `*`
 * is never changed. `path` is the one that the route was matched on.
 */
export function rewritePath(rewrite: PathRewrite | undefined, path: string, query: string): Target {
  if (rewrite === undefined || path === '*') return { path, query }
  if (rewrite.kind === 'prefix') return { path: rewrite.swap(path), query }
  if (rewrite.kind === 'whole') return { path: rewrite.path, query }
  const result = rewrite.regex.replaceAll(path, rewrite.substitution)
  const mark = result.indexOf('?')
  if (mark === -1) return { path: canonicalRewrite(result), query }
  const added = escapeQuery(result.slice(mark + 1))
  const merged = added === '' || query === '' ? added + query : `${added}&${query}`
  return { path: canonicalRewrite(result.slice(0, mark)), query: merged }
}

/** What may not stand in a query (RFC 3986, 3.4) as escapes. */
function escapeQuery(query: string): string {
  return escapeNonAscii(query).replace(
    /[^\w\-.~!$&'()*+,;=:@/?%]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
}
