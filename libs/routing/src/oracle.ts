import type { RequestFacts } from '@vrata/cel'
import type { Group, Route } from '@vrata/model'

/**
 * What a route table must answer, worked out the plain way: every route is looked at for every request, and the best of
 * those that match is chosen by comparing them. Used by tests alone. It shares no code with the table: patterns of the
 * language take the place of RE2, and tests tell it what expressions mean.
 */
export interface Oracle {
  match(facts: RequestFacts, listenerId: string): OracleAnswer
}

/** `ROUTE` or `GROUP/ROUTE` by id, `-` for none. */
export type OracleAnswer = string

/** What the oracle cannot know by itself. */
export interface Knowledge {
  /** What a path expression of a route or group literally begins with. */
  readonly literals: Readonly<Record<string, string>>
  /** What expressions say. */
  readonly expressions: Readonly<Record<string, { readsBody: boolean; holds(facts: RequestFacts): boolean }>>
}

interface Line {
  readonly id: string
  readonly holds: (facts: RequestFacts, listenerId: string) => boolean
  /** Undefined = the host does not match; smaller is more specific. */
  readonly hostRank: (host: string) => number | undefined
  readonly keys: readonly (number | Buffer)[]
  readonly priority: number
  readonly cel: string | undefined
}

export function oracle(routes: readonly Route[], groups: readonly Group[], knowledge: Knowledge): Oracle {
  const lines = routes.flatMap((route) => {
    const owners = groups.filter((group) => group.routeIds.includes(route.id))
    return (owners.length === 0 ? [undefined] : owners).map((group) => lineOf(route, group, knowledge))
  })
  return {
    match(facts, listenerId) {
      const matching = lines.flatMap((line) => {
        const host = line.hostRank(facts.host)
        if (host === undefined || !line.holds(facts, listenerId)) return []
        return [{ line, keys: [-line.priority, host, ...line.keys] }]
      })
      matching.sort((a, b) => compare(a.keys, b.keys))
      for (const { line } of matching) {
        const expression = line.cel === undefined ? undefined : knowledge.expressions[line.cel]
        if (expression?.readsBody && !facts.bodyAsked) return 'needs body'
        if (expression === undefined || expression.holds(facts)) return line.id
      }
      return '-'
    },
  }
}

function compare(a: readonly (number | Buffer)[], b: readonly (number | Buffer)[]): number {
  for (const [index, left] of a.entries()) {
    const right = b[index]
    const order =
      left instanceof Buffer && right instanceof Buffer ? Buffer.compare(left, right) : Number(left) - Number(right)
    if (order !== 0) return order
  }
  return 0
}

function lineOf(route: Route, group: Group | undefined, { literals }: Knowledge): Line {
  const { match } = route
  const path = pathOf(route, group, literals)
  const headers = [...(match.headers ?? []), ...(group?.headers ?? [])]
  const queries = match.queryParams ?? []
  const hostnames = [...(group?.hostnames ?? []), ...(match.hostnames ?? [])]
  const text = (value: string | undefined) => Buffer.from(value ?? '')
  return {
    id: group ? `${group.id}/${route.id}` : route.id,
    hostRank: (host) => hostRank(hostnames, host),
    holds: (facts, listenerId) =>
      listed(route.listenerIds, listenerId) &&
      listed(group?.listenerIds, listenerId) &&
      path.holds(facts.path) &&
      listed(match.methods, facts.method) &&
      headers.every((header) => valueHolds(header, facts.headers.get(header.name.toLowerCase()))) &&
      queries.every((query) => valueHolds(query, facts.queryParams.get(query.name))) &&
      (!match.grpc || /^application\/grpc(?:$|[+;])/.test(facts.headers.get('content-type') ?? '')),
    priority: route.priority ?? group?.priority ?? 0,
    cel: match.cel,
    keys: [
      ...path.keys,
      match.methods?.length ? 0 : 1,
      -headers.length,
      -queries.length,
      match.grpc ? 0 : 1,
      match.cel === undefined ? 1 : 0,
      group ? 0 : 1,
      text(group?.name),
      text(group?.id),
      group?.routeIds.indexOf(route.id) ?? 0,
      text(route.name),
      text(route.id),
    ],
  }
}

function listed(list: readonly string[] | undefined, value: string): boolean {
  return list === undefined || list.length === 0 || list.includes(value)
}

function hostRank(hostnames: readonly string[], host: string): number | undefined {
  const ranks = (hostnames.length === 0 ? ['*'] : hostnames).flatMap((name) => {
    if (name === '*') return [1000]
    if (!name.startsWith('*.')) return name === host ? [0] : []
    const suffix = name.slice(1)
    return host.endsWith(suffix) && host !== suffix ? [1000 - suffix.split('.').length] : []
  })
  return ranks.length === 0 ? undefined : Math.min(...ranks)
}

interface ValueCondition {
  readonly value?: string | undefined
  readonly regex: boolean
}

function valueHolds({ value, regex }: ValueCondition, actual: string | undefined): boolean {
  if (actual === undefined) return false
  if (value === undefined || value === '') return true
  return regex ? new RegExp(value).test(actual) : actual === value
}

interface PathLine {
  readonly holds: (path: string) => boolean
  readonly keys: readonly [kind: number, length: number, patternLength: number]
}

function pathOf({ match }: Route, group: Group | undefined, literals: Knowledge['literals']): PathLine {
  const bare = (text: string) => text.replace(/\/+$/, '')
  const before = bare(group?.pathPrefix ?? '')
  if (group?.pathRegex !== undefined) {
    const start = `^(?:${group.pathRegex})`
    return expression(start + behindExpression(match), literals[group.pathRegex] ?? '')
  }
  if (match.path !== undefined) return exact(match.path === '*' ? '*' : before + match.path)
  if (match.pathRegex !== undefined) {
    const literal = literals[match.pathRegex] ?? ''
    const start = literal.startsWith('/') ? before : (group?.pathPrefix ?? '')
    return expression(`^${start.replaceAll('.', '\\.')}(?:${match.pathRegex})`, start + literal)
  }
  if (match.pathPrefix === undefined && group?.pathPrefix === undefined) return { holds: () => true, keys: [1, 0, 0] }
  if (match.prefixMode === 'string') return text(before + (match.pathPrefix ?? ''))
  return segments(bare(before + (match.pathPrefix ?? '')))
}

function behindExpression({ path, pathPrefix, pathRegex, prefixMode }: Route['match']): string {
  const quote = (text: string) => text.replaceAll('.', '\\.')
  if (pathRegex !== undefined) return `(?:${pathRegex})`
  if (path !== undefined) return `(?:${quote(path)})$`
  if (pathPrefix === undefined) return ''
  if (prefixMode === 'string') return `(?:${quote(pathPrefix)})`
  const own = pathPrefix.replace(/\/+$/, '')
  return own === '' ? '(?:/|$)' : `(?:${quote(own)})(?:/|$)`
}

function exact(path: string): PathLine {
  return { holds: (asked) => asked === path, keys: [0, 0, 0] }
}

function segments(prefix: string): PathLine {
  const holds = (path: string) => path !== '*' && (path === prefix || path.startsWith(`${prefix}/`))
  return { holds, keys: [1, -prefix.length, 0] }
}

function text(prefix: string): PathLine {
  return { holds: (path) => path.startsWith(prefix), keys: [1, -prefix.length, 0] }
}

function expression(source: string, literal: string): PathLine {
  const pattern = new RegExp(source)
  return { holds: (path) => path !== '*' && pattern.test(path), keys: [2, -literal.length, -source.length] }
}
