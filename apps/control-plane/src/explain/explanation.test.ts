import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ExplainRequest, Explanation, Group, Listener, Route, type RouteInput } from '@vrata/model'
import { compileDirectResponse, compileRoutes } from '@vrata/routing'
import type { SecretPointer } from '@vrata/snapshot'
import { explained } from '../testing/explained.ts'
import { explanationOf } from './explanation.ts'

const answering = { directResponse: { status: 200 } }

test('an explanation has the source, the candidates in order, the route, and what happens', () => {
  const explanation = explained(
    {
      routes: [
        { id: 'r-1', name: 'prefix', match: { pathPrefix: '/a' }, ...answering },
        {
          id: 'r-2',
          name: 'longer',
          match: { pathPrefix: '/a/long' },
          forward: {
            destinations: [
              { destinationId: 'd-1', weight: 90 },
              { destinationId: 'd-2', weight: 10 },
            ],
            rewrite: { path: '/', host: 'api.internal' },
          },
        },
        { id: 'r-5', name: 'exact', match: { path: '/a/exact' }, ...answering },
      ],
      destinations: [
        { id: 'd-1', name: 'v1', host: '10.0.0.1', port: 8080 },
        { id: 'd-2', name: 'v2', host: '10.0.0.2', port: 8080 },
      ],
    },
    { path: '/a/long/x?q=1', seed: 1 },
  )
  const { action, ...rest } = explanation
  assert.deepEqual(rest, {
    source: { kind: 'snapshot', id: 's', hash: 'h' },
    matched: true,
    listener: { id: 'l', name: 'web' },
    request: {
      method: 'GET',
      scheme: 'http',
      host: 'localhost',
      path: '/a/long/x',
      query: 'q=1',
      clientIp: '127.0.0.1',
    },
    route: { id: 'r-2', name: 'longer' },
    group: null,
    candidates: [
      {
        route: { id: 'r-5', name: 'exact' },
        result: 'rejected',
        failed: { predicate: 'path', expected: '/a/exact', actual: '/a/long/x' },
      },
      { route: { id: 'r-2', name: 'longer' }, result: 'matched' },
      { route: { id: 'r-1', name: 'prefix' }, result: 'not_reached' },
    ],
    middlewares: [],
  })
  assert.partialDeepStrictEqual(action, {
    kind: 'forward',
    rewrite: { path: '/x', query: 'q=1', host: 'api.internal' },
    destinations: [
      { id: 'd-1', name: 'v1', share: 0.9 },
      { id: 'd-2', name: 'v2', share: 0.1 },
    ],
    chosen: { seed: 1, why: 'weighted random, seed 1; the only endpoint' },
  })
  assert.deepEqual(Explanation.parse(explanation), explanation, 'it has the form that is documented')
})

test('a request that no route takes has no route and no action, but all candidates', () => {
  const { matched, route, group, action, candidates, middlewares } = explained({
    routes: [{ id: 'r', match: { methods: ['PUT'] }, ...answering }],
  })
  assert.deepEqual([matched, route, group, action, middlewares], [false, null, null, null, []])
  assert.deepEqual(candidates, [
    {
      route: { id: 'r', name: '' },
      result: 'rejected',
      failed: { predicate: 'method', expected: 'PUT', actual: 'GET' },
    },
  ])
})

test('the group is told, with the candidate and with the route', () => {
  const { candidates, route, group } = explained(
    { routes: [{ id: 'r', match: {}, ...answering }], groups: [{ id: 'g', name: 'ours', routeIds: ['r'] }] },
    {},
  )
  assert.deepEqual(candidates, [{ route: { id: 'r', name: '' }, group: { id: 'g', name: 'ours' }, result: 'matched' }])
  assert.deepEqual(
    [route, group],
    [
      { id: 'r', name: '' },
      { id: 'g', name: 'ours' },
    ],
  )
})

test('how many candidates are not listed is told', () => {
  const routes = Array.from({ length: 203 }, (_, n) => ({ id: `r${n}`, match: { path: `/${n}` }, ...answering }))
  const { candidates, omitted } = explained({ routes })
  assert.deepEqual([candidates.length, omitted], [200, 3])
})

const actions: readonly [name: string, route: Partial<RouteInput>, action: object][] = [
  [
    'a redirect',
    { redirect: { scheme: 'https', code: 308 } },
    { kind: 'redirect', status: 308, location: 'https://shop.test/a?q=1' },
  ],
  [
    'a direct response',
    { directResponse: { status: 503, body: 'é', headers: { 'x-a': 'b' } } },
    {
      kind: 'directResponse',
      status: 503,
      headers: { 'x-a': 'b', 'content-type': 'text/plain; charset=utf-8' },
      bodyBytes: 2,
    },
  ],
]
for (const [name, route, action] of actions) {
  test(`${name} is described`, () => {
    const routes = [{ id: 'r', match: {}, ...route }]
    assert.deepEqual(explained({ routes }, { host: 'shop.test:8080', path: '/a?q=1' }).action, action)
  })
}

const d = { id: 'd', name: '', host: 'api.internal', port: 443, options: { tls: { mode: 'tls' as const } } }

const rewrites: readonly [
  name: string,
  rewrite: object | undefined,
  sent: readonly [path: string, query: string, host: string],
][] = [
  ['none', undefined, ['/a%20b', 'q=1', 'Shop.test:81']],
  ['the host of the destination', { autoHost: true }, ['/a%20b', 'q=1', 'api.internal']],
  ['a host by header', { hostFromHeader: 'x-host' }, ['/a%20b', 'q=1', 'other.test']],
  ['a whole path', { fullPath: '/x' }, ['/x', 'q=1', 'Shop.test:81']],
  [
    'an expression',
    { pathRegex: { pattern: '^/(a).*', substitution: '/v2?from=$1' } },
    ['/v2', 'from=a&q=1', 'Shop.test:81'],
  ],
]
for (const [name, rewrite, [path, query, host]] of rewrites) {
  test(`what is sent is told, rewritten or not: ${name}`, () => {
    const forward = { destinations: [{ destinationId: 'd' }], ...(rewrite ? { rewrite } : {}) }
    const { action } = explained(
      { routes: [{ id: 'r', match: {}, forward }], destinations: [d] },
      { host: 'Shop.test:81', path: '/a b?q=1', headers: { 'x-host': 'other.test' } },
    )
    assert.ok(action?.kind === 'forward')
    assert.deepEqual(action.rewrite, { path, query, host })
    assert.deepEqual(action.destinations, [{ id: 'd', name: '', share: 1 }])
  })
}

test('a path that is not normalised is matched with its escapes resolved and sent as it came', () => {
  const { request, action } = explained(
    {
      listeners: [{ id: 'l', port: 80, pathNormalization: 'off' }],
      routes: [{ id: 'r', match: { path: '/a/b' }, forward: { destinations: [{ destinationId: 'd' }] } }],
      destinations: [d],
    },
    { path: '/a%2Fb' },
  )
  assert.equal(request?.path, '/a/b')
  assert.ok(action?.kind === 'forward')
  assert.equal(action.rewrite.path, '/a%2Fb')
})

/** A source whose middlewares need not do anything yet. */
function withMiddlewares(route: Partial<RouteInput>, secretPointers: readonly SecretPointer[] = []) {
  const listener = Listener.parse({ id: 'l', port: 80 })
  const routes = [Route.parse({ id: 'r', match: {}, ...answering, ...route })]
  const groups = [Group.parse({ id: 'g', routeIds: ['r'], middlewareIds: ['m-1'] })]
  const { table } = compileRoutes({ listeners: [listener], routes, groups })
  const compiled = {
    listeners: new Map([['l', listener]]),
    destinations: new Map(),
    middlewares: new Map([
      ['m-1', { id: 'm-1', name: 'auth', type: 'headers', headers: {} }],
      ['m-2', { id: 'm-2', name: 'log', type: 'headers', headers: {} }],
    ]) as never,
    table,
    actions: table.entries.map(
      (entry) => ({ kind: 'directResponse', response: compileDirectResponse(entry) }) as const,
    ),
  }
  const source = { kind: 'staged', id: 'staged', hash: 'h', compiled, secretPointers } as const
  return explanationOf(ExplainRequest.parse({}), source, { listener, real: true }, 1).middlewares
}

test('each middleware is told with its entity, who attaches it, whether it runs, and every condition', () => {
  const override = { skipWhen: ['request.method == "PUT"', 'request.headers["a"] == "1"', 'request.method == "GET"'] }
  assert.deepEqual(
    withMiddlewares({
      middlewareIds: ['m-2'],
      middlewareOverrides: { 'm-1': override, 'm-2': { disabled: true } },
    }),
    [
      {
        id: 'm-1',
        name: 'auth',
        type: 'headers',
        from: 'group',
        runs: false,
        because: 'skipWhen[2] is true',
        conditions: [
          { condition: 'skipWhen[0]', expression: override.skipWhen[0], result: 'false' },
          { condition: 'skipWhen[1]', expression: override.skipWhen[1], result: 'error', error: 'No such key: a' },
          { condition: 'skipWhen[2]', expression: override.skipWhen[2], result: 'true' },
        ],
      },
      {
        id: 'm-2',
        name: 'log',
        type: 'headers',
        from: 'route',
        runs: false,
        because: "disabled by the route's override",
        conditions: [],
      },
    ],
  )
})

const from = (kind: SecretPointer['kind'], id: string, pointer: string): SecretPointer[] => [
  { kind, id, pointer, fingerprint: 'f' },
]

test('what came from a secret is not told', () => {
  const secret = 'hush'
  const quoted = (...parameters: Parameters<typeof explained>) => JSON.stringify(explained(...parameters))
  const guarded = { id: 'r', match: { headers: [{ name: 'x-key', value: secret }] }, ...answering }
  const sample = { headers: { 'x-key': 'guess' } }
  assert.match(quoted({ routes: [guarded] }, sample), /hush/)
  const told = explained({ routes: [guarded] }, sample, from('route', 'r', '/match/headers/0/value'))
  assert.deepEqual(told.candidates[0]?.failed, {
    predicate: 'header',
    expected: '<secret>',
    actual: 'x-key: "guess"',
  })

  const celled = { id: 'r', match: { cel: `request.headers["${secret}"] == "1"` }, ...answering }
  assert.doesNotMatch(quoted({ routes: [celled] }, {}, from('route', 'r', '/match/cel')), /hush/)
  const routes = [{ id: 'r', match: {}, ...answering }]
  const groups = [{ id: 'g', routeIds: ['r'], hostnames: [secret] }]
  assert.doesNotMatch(quoted({ routes, groups }, {}, from('group', 'g', '/hostnames/0')), /hush/)

  const redirect = { id: 'r', match: {}, redirect: { path: `/${secret}` } }
  assert.doesNotMatch(quoted({ routes: [redirect] }, {}, from('route', 'r', '/redirect/path')), /hush/)
  const direct = { id: 'r', match: {}, directResponse: { status: 200, headers: { a: secret } } }
  assert.doesNotMatch(quoted({ routes: [direct] }, {}, from('route', 'r', '/directResponse/headers/a')), /hush/)

  const forwards = (rewrite: object) => ({
    routes: [{ id: 'r', match: {}, forward: { destinations: [{ destinationId: 'd' }], rewrite } }],
    destinations: [{ id: 'd', host: secret, port: 80 }],
  })
  const ofHost = from('destination', 'd', '/host')
  assert.doesNotMatch(quoted(forwards({ autoHost: true }), {}, ofHost), /hush/)
  const ofPath = [...ofHost, ...from('route', 'r', '/forward/rewrite/path')]
  assert.doesNotMatch(quoted(forwards({ path: `/${secret}` }), {}, ofPath), /hush/)

  const pointers = from('route', 'r', '/middlewareOverrides/m-1/skipWhen/0')
  const [link] = withMiddlewares(
    { middlewareOverrides: { 'm-1': { skipWhen: [`request.headers["${secret}"] == "1"`] } } },
    pointers,
  )
  assert.deepEqual(link?.conditions, [
    { condition: 'skipWhen[0]', expression: '<secret>', result: 'error', error: '<secret>' },
  ])
})
