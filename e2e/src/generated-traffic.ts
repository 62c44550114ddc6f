import type { RouteInput } from '@vrata/model'
import type { SnapshotBuilder } from '@vrata/testkit'
import type { Dice } from '../dice.ts'

/** Routes and requests made from a seed, that collide with each other as often as possible. */

const segments = ['/a', '/b', '/a/b', '/a/b/c', '/u', '/u/1', '/v1.0', '/'] as const
const hosts = ['shop.test', '*.shop.test', 'eu.shop.test', '*.eu.shop.test', 'plain.test', '*'] as const
const expressions = [
  'request.method == "POST"',
  'request.headers["x-a"] == "1"',
  '"gold" in request.headers["x-tier"]',
  'request.path.startsWith("/a")',
  'request.queryParams["q"] == "1"',
  'request.body.json.n > 3',
  'request.body.raw.contains("x")',
  'request.clientIp == "10.1.2.3"',
  'has(request.body) && size(request.body.raw) > 4',
] as const

type Match = NonNullable<RouteInput['match']>
type Rewrite = NonNullable<NonNullable<RouteInput['forward']>['rewrite']>

function pathOf(dice: Dice): Match {
  switch (dice.below(8)) {
    case 0:
    case 1:
      return { path: dice.one(segments) }
    case 2:
    case 3:
    case 4:
      return { pathPrefix: dice.one(segments) }
    case 5:
      return { pathPrefix: dice.one(segments), prefixMode: 'string' }
    case 6:
      return { pathRegex: dice.one(['/u/[0-9]+', '/a/[a-z]+$', '/(a|b)/', '/v1.0', '/.*c', '/u/1|/b']) }
    default:
      return {}
  }
}

function conditionOf(dice: Dice, names: readonly [string, ...string[]]) {
  const name = dice.one(names)
  switch (dice.below(3)) {
    case 0:
      return { name }
    case 1:
      return { name, value: dice.one(['1', '2']) }
    default:
      return { name, value: dice.one(['^1', '2$', '[0-9]']), regex: true }
  }
}

function matchOf(dice: Dice): Match {
  return {
    ...pathOf(dice),
    ...(dice.oneIn(3) ? { hostnames: [dice.one(hosts), ...(dice.oneIn(3) ? [dice.one(hosts)] : [])] } : {}),
    ...(dice.oneIn(4) ? { methods: [dice.one(['GET', 'POST', 'PUT', 'HEAD'])] } : {}),
    ...(dice.oneIn(4) ? { headers: [conditionOf(dice, ['X-A', 'x-b'])] } : {}),
    ...(dice.oneIn(5) ? { queryParams: [conditionOf(dice, ['q', 'r'])] } : {}),
    ...(dice.oneIn(20) ? { grpc: true } : {}),
    ...(dice.oneIn(4) ? { cel: dice.one(expressions) } : {}),
  }
}

/** What tells which route answered: a header, a location, or the path that the backend is asked for. */
function actionOf(id: string, dice: Dice): Omit<RouteInput, 'id'> {
  switch (dice.below(6)) {
    case 0:
    case 1:
      return {
        redirect: dice.oneIn(2)
          ? { scheme: 'https', host: `${id}.test`, code: 308 }
          : { pathPrefix: `/${id}`, code: dice.one([301, 302, 303, 307]) },
      }
    case 2:
    case 3:
      return {
        forward: {
          destinations: [{ destinationId: 'echo' }],
          rewrite: dice.one<Rewrite>([
            { path: `/${id}` },
            { fullPath: `/${id}`, host: `${id}.test:81` },
            { pathRegex: { pattern: '^/([a-z]*)', substitution: `/${id}/$1?was=$1` }, autoHost: true },
            { path: `/${id}/`, hostFromHeader: 'x-b' },
          ]),
        },
      }
    default:
      return { directResponse: { status: dice.one([200, 404, 503]), headers: { 'x-route': id }, body: id } }
  }
}

/** Adds `count` routes, some of them in groups, for the listeners `web` and `api` and the destination `echo`. */
export function generatedRoutes(base: SnapshotBuilder, count: number, dice: Dice): SnapshotBuilder {
  let config = base
  const grouped: string[][] = [[], [], [], []]
  for (let n = 0; n < count; n++) {
    const id = `r${n}`
    const match = matchOf(dice)
    // A high place for a route that takes nearly everything would leave nothing to the others.
    const highest = match.path === undefined ? 1 : 3
    config = config.route(id, {
      name: dice.one(['', 'same', id]),
      match,
      ...actionOf(id, dice),
      ...(dice.oneIn(6) ? { priority: dice.below(highest + 2) - 2 } : {}),
      ...(dice.oneIn(6) ? { listenerIds: [dice.one(['web', 'api'])] } : {}),
    })
    if (dice.oneIn(3)) grouped[dice.below(grouped.length)]?.push(id)
  }
  const [first = [], second = [], third = [], fourth = []] = grouped
  return config
    .group('g0', { name: 'prefix', pathPrefix: '/a', routeIds: first })
    .group('g1', { name: 'regex', pathRegex: '/(u|v1.0)', routeIds: second })
    .group('g2', { name: 'host', hostnames: ['*.shop.test'], routeIds: third, priority: -1 })
    .group('g3', { name: 'header', headers: [{ name: 'x-a' }], routeIds: [...fourth, ...first.slice(0, 3)] })
}

/** A request as it is sent, and as it is described. */
export interface GeneratedRequest {
  readonly listenerId: 'web' | 'api'
  readonly method: string
  readonly host: string
  /** With the query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly body?: string
}

/** A request that many of the routes nearly take. */
export function generatedRequest(dice: Dice): GeneratedRequest {
  const method = dice.one(['GET', 'GET', 'POST', 'PUT', 'HEAD'])
  const body = method === 'POST' || method === 'PUT' ? dice.one(['{"n":4}', '{"n":3}', 'x', 'xxxxxx', '']) : ''
  const odd = [
    '/a/../b',
    '//a//b',
    '/%61/b',
    '/a%2Fb',
    '/../a',
    '/a/b/',
    '/ab',
    '/u/12/3',
    '/a%zz',
    '/v1x0',
    '/a/%e9',
  ] as const
  const path = dice.oneIn(4) ? dice.one(odd) : dice.one(segments) + dice.one(['', '', '/x', '/c', '/7'])
  return {
    listenerId: dice.one(['web', 'api']),
    method,
    host: dice.one(['shop.test', 'EU.shop.test:8080', 'a.eu.shop.test', 'plain.test', 'other.test', 'fr.shop.test.']),
    path: path.replace(/^\/\/(?=[x7c])/, '/') + dice.one(['', '', '?q=1', '?q=12&r', '?r=2&q=%31']),
    headers: {
      ...(dice.oneIn(2) ? { 'X-A': dice.one(['1', '2', '']) } : {}),
      ...(dice.oneIn(3) ? { 'x-b': dice.one<string | string[]>(['1', ['1', '2'], 'other.test']) } : {}),
      ...(dice.oneIn(4) ? { 'x-tier': dice.one(['gold', 'silver, gold', 'golden']) } : {}),
      ...(dice.oneIn(3) ? { 'X-Forwarded-For': dice.one(['10.1.2.3', '10.1.2.3, 127.0.0.1', 'nonsense']) } : {}),
      ...(dice.oneIn(8) ? { x_a: '1' } : {}),
      ...(dice.oneIn(10)
        ? { 'content-type': 'application/grpc+proto' }
        : { 'content-type': dice.one(['application/json', 'application/x+json', 'text/plain']) }),
    },
    ...(body === '' ? {} : { body }),
  }
}
