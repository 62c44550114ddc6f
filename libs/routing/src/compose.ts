import type { Group, Route } from '@vrata/model'
import { RegexError } from '@vrata/regex'
import { composeChain } from './chain.ts'
import type { ConditionCounts, RouteEntry } from './entry.ts'
import { type HostPattern, hostPatternText } from './hostname.ts'
import { listenerMatcher } from './matchers/listener.ts'
import type { Matcher, PredicateName } from './matchers/matcher.ts'
import { pathRegexMatcher } from './matchers/path-regex.ts'
import type { Part, PartCompiler } from './parts.ts'
import { composePath, type PathPattern } from './path-pattern.ts'
import { compilePathRewrite, type PathRewrite } from './path-rewrite.ts'

/** A group that lists a route, and where; `part` is undefined when the group is broken. */
export interface Membership {
  readonly group: Group
  readonly part: Part | undefined
  readonly position: number
}

/** An entry whose index is set once all entries are in order. */
export type EntryDraft = { -readonly [Member in keyof RouteEntry]: RouteEntry[Member] }

const anyHost: readonly HostPattern[] = [{ kind: 'any' }]

/** Puts a route and one of its groups (or none) together; undefined when that fails, which is reported. */
export function composeEntry(
  route: Route,
  part: Part,
  membership: Membership | undefined,
  compiler: PartCompiler,
): EntryDraft | undefined {
  if (membership !== undefined && membership.part === undefined) return undefined
  const group = membership?.group
  const pattern = composedPattern(route, group, compiler)
  if (pattern === undefined) return undefined
  const rewrite = composedRewrite(route, pattern, compiler)
  if (!rewrite.ok) return undefined
  const hosts = unionOfHosts(membership?.part?.hosts ?? [], part.hosts)
  const listenerIds = commonListeners(membership?.part?.listenerIds, part.listenerIds)
  const own = [...part.matchers, ...(membership?.part?.matchers ?? [])]
  return {
    index: -1,
    route,
    group,
    position: membership?.position ?? 0,
    priority: route.priority ?? group?.priority ?? 0,
    kind: pattern.kind,
    path: pathText(pattern),
    pattern,
    hostnames: hosts.map(hostPatternText),
    hosts: hosts.length === 0 ? anyHost : hosts,
    listenerIds,
    matchers: inOrderOfCost(own, pattern, listenerIds, compiler),
    conditions: count(own),
    chain: composeChain(group, route, compiler.predicate),
    retry: route.forward && (route.forward.retry ?? group?.retryDefault),
    includeAttemptCount: group?.includeAttemptCount ?? false,
    rewrite: rewrite.rewrite,
  }
}

function composedPattern(route: Route, group: Group | undefined, compiler: PartCompiler): PathPattern | undefined {
  const outcome = composePath(group, route.match, compiler.pathTest)
  if (outcome.ok) return outcome.pattern
  const { ofGroup, field, ...finding } = outcome.fault
  if (ofGroup && group !== undefined) compiler.findings.report('group', group, [field], finding)
  else compiler.findings.report('route', route, ['match', field], finding)
  return undefined
}

type RewriteOutcome = { readonly ok: true; readonly rewrite: PathRewrite | undefined } | { readonly ok: false }

function composedRewrite(route: Route, pattern: PathPattern, compiler: PartCompiler): RewriteOutcome {
  const configured = route.forward?.rewrite
  try {
    return { ok: true, rewrite: compilePathRewrite(configured, pattern, compiler.regex) }
  } catch (thrown) {
    if (!(thrown instanceof RegexError)) throw thrown
    const field = thrown.pattern === configured?.pathRegex?.pattern ? 'pattern' : 'substitution'
    const message = `not a ${field === 'pattern' ? 'regular expression' : 'replacement'}: ${thrown.message}`
    const path = ['forward', 'rewrite', 'pathRegex', field]
    compiler.findings.report('route', route, path, { message, code: 'regex.invalid' })
    return { ok: false }
  }
}

function unionOfHosts(groups: readonly HostPattern[], routes: readonly HostPattern[]): readonly HostPattern[] {
  if (groups.length === 0 && routes.length <= 1) return routes
  return [...new Map([...groups, ...routes].map((host) => [hostPatternText(host), host])).values()]
}

function commonListeners(
  groups: readonly string[] | undefined,
  routes: readonly string[] | undefined,
): readonly string[] | undefined {
  if (groups === undefined || routes === undefined) return routes ?? groups
  return routes.filter((id) => groups.includes(id))
}

function pathText(pattern: PathPattern): string {
  switch (pattern.kind) {
    case 'any':
      return ''
    case 'exact':
      return pattern.path
    case 'prefix':
      return pattern.prefix
    case 'regex':
      return pattern.source
  }
}

const noMatchers: readonly Matcher[] = []

function inOrderOfCost(
  own: readonly Matcher[],
  pattern: PathPattern,
  listenerIds: readonly string[] | undefined,
  compiler: PartCompiler,
): readonly Matcher[] {
  const matchers = [...own]
  if (listenerIds !== undefined) matchers.push(compiler.shared(listenerMatcher(listenerIds)))
  if (pattern.kind === 'regex') matchers.push(pathRegexMatcher(pattern))
  return matchers.length === 0 ? noMatchers : matchers.sort((a, b) => a.cost - b.cost)
}

function count(matchers: readonly Matcher[]): ConditionCounts {
  const of = (predicate: PredicateName) => matchers.filter((matcher) => matcher.predicate === predicate).length
  return {
    methods: of('method') > 0,
    headers: of('header'),
    queryParams: of('query'),
    grpc: of('grpc') > 0,
    cel: of('cel') > 0,
  }
}
