import type { RequestFacts } from '@vrata/cel'
import type { Group, GroupInput, Route, RouteInput } from '@vrata/model'
import fc from 'fast-check'
import { facts, group, route } from '../fixtures.ts'
import type { Knowledge } from '../oracle.ts'
import { type Match, needsBody } from '../slot.ts'

/** Only tests use this file: route tables and requests that collide with each other as often as possible. */

/** Expressions that RE2 and the language read alike. */
const routeRegexes = {
  '/u/[0-9]+': '/u/',
  '/u/[0-9]+$': '/u/',
  '/[a-z]': '/',
  '/a|/b/a': '/',
  '/a.*a': '/a',
  '[^/]*': '',
}
const groupRegexes = { '/(?:a|b)': '/', '/u[0-9]?': '/u', '/a|/u': '/' }

/** What an oracle has to know of what is generated. */
export const knowledge: Knowledge = {
  literals: { ...routeRegexes, ...groupRegexes },
  expressions: {
    'request.method == "POST"': { readsBody: false, holds: ({ method }) => method === 'POST' },
    'request.headers["k"] == "1"': { readsBody: false, holds: ({ headers }) => headers.get('k') === '1' },
    'request.body.raw == "x"': { readsBody: true, holds: ({ body }) => body?.raw === 'x' },
  },
}

const some = <Item>(...items: Item[]) => fc.constantFrom(...items)
const optional = <Item>(item: fc.Arbitrary<Item>, weight = 1) =>
  fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, { weight, arbitrary: item })
const few = <Item>(item: fc.Arbitrary<Item>, maxLength = 2) => optional(fc.uniqueArray(item, { maxLength }))

const hostname = some('a.x', 'b.x', '*.x', '*.b.x', 'c.b.x', '*', 'y')
const methods = few(some('GET', 'POST', 'PUT'))
const value = fc.record({ value: optional(some('1', '2')), regex: fc.boolean() })
const condition = fc.tuple(some('k', 'l'), value).map(([name, rest]) => ({ name, ...rest }))
const literalPath = some('/', '/a', '/a/', '/a/b', '/b/a', '/u', '/u/1', '/v1.0')
const paths = fc.oneof(
  fc.constant({}),
  literalPath.map((path) => ({ path })),
  fc.record({ pathPrefix: literalPath, prefixMode: some('segment' as const, 'segment' as const, 'string' as const) }),
  some(...Object.keys(routeRegexes)).map((pathRegex) => ({ pathRegex })),
  fc.constant({ path: '*' }),
)
const placement = { priority: optional(some(-1, 0, 1, 7)), listenerIds: few(some('l1', 'l2')) }
const name = some('', 'n', 'é', '\uffee', '\u{1f600}')

const match = fc
  .tuple(
    paths,
    fc.record({
      methods,
      hostnames: few(hostname, 3),
      headers: few(condition),
      queryParams: few(condition),
      grpc: fc.integer({ max: 9, min: 0 }).map((n) => n === 0),
      cel: optional(some(...Object.keys(knowledge.expressions))),
    }),
  )
  .map(([path, rest]) => ({ ...path, ...rest }))

const routesOf = fc.array(fc.record({ match, rest: fc.record({ name, ...placement }) }), { maxLength: 14 })
const groupsOf = fc.array(
  fc.record({
    members: fc.uniqueArray(fc.nat(13), { maxLength: 6 }),
    path: fc.oneof(
      fc.constant({}),
      some('/a', '/a/', '/v1.0', '/').map((pathPrefix) => ({ pathPrefix })),
      some(...Object.keys(groupRegexes)).map((pathRegex) => ({ pathRegex })),
    ),
    rest: fc.record({ name, ...placement, hostnames: few(hostname), headers: few(condition, 1) }),
  }),
  { maxLength: 3 },
)

/** Members that are undefined are absent. */
function given<Value extends object>(value: Value): object {
  return JSON.parse(JSON.stringify(value))
}

/** Routes and groups. */
export const tables = fc.tuple(routesOf, groupsOf).map(([drafts, groupDrafts]) => ({
  // No `*` in a group: there it would be a segment, which requests here never have.
  routes: drafts.map(({ match, rest }, index) => {
    const grouped = groupDrafts.some(({ members }) => members.includes(index))
    const own = grouped && 'path' in match && match.path === '*' ? { ...match, path: '/' } : match
    return route(`r${index}`, given(own) as RouteInput['match'], given(rest) as Partial<RouteInput>)
  }),
  groups: groupDrafts.map(({ members, path, rest }, index) => {
    const ids = members.filter((one) => one < drafts.length).map((one) => `r${one}`)
    return group(`g${index}`, ids, given({ ...path, ...rest }) as Partial<GroupInput>)
  }),
}))

/** Requests on the listeners `l1` to `l3`; only half of them have been asked for their body. */
export const requests = fc
  .record({
    path: fc.oneof(
      fc.array(some('a', 'b', 'u', '1', 'v1.0', 'aa'), { maxLength: 3 }).map((parts) => `/${parts.join('/')}`),
      some('/a/', '*', '/v1x0/a', '/u/12/a'),
    ),
    query: some('', '?k=1', '?k=2&l', '?l=1&k=12'),
    authority: some('a.x', 'b.x', 'c.b.x', 'd.c.b.x', 'y', 'z', 'q.x'),
    method: some('GET', 'POST', 'PUT'),
    headers: some({}, { k: '1' }, { k: '2', l: '' }, { l: '12' }, { k: '1', 'content-type': 'application/grpc' }),
    body: some(undefined, 'x', 'y'),
    bodyAsked: fc.boolean(),
    listenerId: some('l1', 'l2', 'l3'),
  })
  .map(({ path, query, body, listenerId, ...rest }) => ({
    listenerId,
    facts: facts({ ...rest, target: path + query, ...(body === undefined ? {} : { body }) }),
  }))

/** What a table answered, in the words of the oracle. */
export function answer(found: Match): string {
  if (found === needsBody) return 'needs body'
  if (found === undefined) return '-'
  return found.group ? `${found.group.id}/${found.route.id}` : found.route.id
}

export type Table = { routes: readonly Route[]; groups: readonly Group[] }
export type Request = { facts: RequestFacts; listenerId: string }

/** A request in one line. */
export const show = ({ facts: { host, path, query, method }, listenerId }: Request) =>
  `${method} ${host}${path}?${query} on ${listenerId}`
