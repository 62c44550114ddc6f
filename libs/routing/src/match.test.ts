import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compilePredicate } from '@vrata/cel'
import type { GroupInput, RouteInput } from '@vrata/model'
import { compileRoutes } from './compile.ts'
import { config, facts, group, received, route, type TypedRequest } from './fixtures.ts'
import { needsBody } from './slot.ts'

type Match = NonNullable<RouteInput['match']>

interface Row {
  readonly name: string
  /** By id. */
  readonly routes: Record<string, Match>
  readonly groups?: Record<string, Partial<GroupInput>>
  /** Members of routes beside their match. */
  readonly with?: Record<string, Partial<RouteInput>>
  /** Each with the id of the route that takes it, `-` for none, 400 for a request that the guard refuses. */
  readonly requests: readonly (readonly [string | TypedRequest, string | 400])[]
}

const headline = 'request.path.startsWith("/api") && "admin" in request.headers["x-role"] && request.method != "DELETE"'
const role = (value: string, rest: Partial<TypedRequest> = {}): TypedRequest => ({
  target: '/api/x',
  headers: { 'x-role': value },
  ...rest,
})
const host = (authority: string): TypedRequest => ({ target: '/', authority })
const type = (contentType: string): TypedRequest => ({ target: '/', headers: { 'content-type': contentType } })

const matching: readonly Row[] = [
  { name: 'a prefix takes what is below it', routes: { p: { pathPrefix: '/api' } }, requests: [['/api/users', 'p']] },
  {
    name: 'a prefix takes whole segments only',
    routes: { p: { pathPrefix: '/api' } },
    requests: [
      ['/apikeys', '-'],
      ['/api.json', '-'],
      ['/api', 'p'],
      ['/api/', 'p'],
      ['/API', '-'],
      ['/', '-'],
    ],
  },
  {
    name: 'a slash at the end of a prefix changes nothing',
    routes: { p: { pathPrefix: '/api/' } },
    requests: [
      ['/api', 'p'],
      ['/api/', 'p'],
      ['/apikeys', '-'],
    ],
  },
  {
    name: 'a prefix in string mode takes what begins with it',
    routes: { p: { pathPrefix: '/img-', prefixMode: 'string' } },
    requests: [
      ['/img-1.png', 'p'],
      ['/img-', 'p'],
      ['/img', '-'],
    ],
  },
  {
    name: 'an exact path takes no slash more',
    routes: { e: { path: '/health' } },
    requests: [
      ['/health/', '-'],
      ['/health', 'e'],
      ['/health?x=1', 'e'],
    ],
  },
  {
    name: 'a regular expression is open at its end unless it closes it',
    routes: { open: { pathRegex: '/users/[0-9]+' }, closed: { pathRegex: '/accounts/[0-9]+$' } },
    requests: [
      ['/users/42/edit', 'open'],
      ['/accounts/42/edit', '-'],
      ['/accounts/42', 'closed'],
      ['/x/users/42', '-'],
    ],
  },
  {
    name: 'alternatives of a regular expression are both tied to the start',
    routes: { r: { pathRegex: '/en|/es' } },
    requests: [
      ['/x/es', '-'],
      ['/es', 'r'],
      ['/english', 'r'],
    ],
  },
  {
    name: 'exact goes before prefix',
    routes: { p: { pathPrefix: '/a' }, e: { path: '/a' } },
    requests: [
      ['/a', 'e'],
      ['/a/b', 'p'],
    ],
  },
  {
    name: 'the longer prefix goes first',
    routes: { all: { pathPrefix: '/' }, api: { pathPrefix: '/api' } },
    requests: [
      ['/api/x', 'api'],
      ['/x', 'all'],
    ],
  },
  {
    name: 'prefix goes before regular expression',
    routes: { p: { pathPrefix: '/u' }, r: { pathRegex: '/u/[0-9]+' } },
    requests: [['/u/1', 'p']],
  },
  {
    name: 'with methods goes before without',
    routes: { any: { pathPrefix: '/' }, post: { pathPrefix: '/', methods: ['POST'] } },
    requests: [
      [{ target: '/z', method: 'POST' }, 'post'],
      ['/z', 'any'],
    ],
  },
  {
    name: 'configured methods are read in upper case',
    routes: { m: { path: '/m', methods: ['get'] } },
    requests: [['/m', 'm']],
  },
  {
    name: 'GET does not imply HEAD',
    routes: { m: { path: '/m', methods: ['GET'] } },
    requests: [[{ target: '/m', method: 'HEAD' }, '-']],
  },
  {
    name: 'hosts are compared without case and port',
    routes: { h: { hostnames: ['acme.example.com'] } },
    requests: [
      [host('ACME.example.com:8443'), 'h'],
      [host('example.com'), '-'],
    ],
  },
  {
    name: 'a wildcard takes one or more labels',
    routes: { h: { hostnames: ['*.example.com'] } },
    requests: [
      [host('a.b.example.com'), 'h'],
      [host('a.example.com'), 'h'],
      [host('example.com'), '-'],
      [host('aexample.com'), '-'],
    ],
  },
  {
    name: 'the more specific host goes first',
    routes: {
      exact: { hostnames: ['a.x'], pathPrefix: '/' },
      wild: { hostnames: ['*.x'], pathPrefix: '/' },
      wilder: { hostnames: ['*.b.x'], pathPrefix: '/' },
      none: { pathPrefix: '/' },
    },
    requests: [
      [host('a.x'), 'exact'],
      [host('c.x'), 'wild'],
      [host('a.b.x'), 'wilder'],
      [host('y'), 'none'],
    ],
  },
  {
    name: 'a route may name several hosts',
    routes: { h: { hostnames: ['a.x', '*.y', 'b.x'] } },
    requests: [
      [host('b.x'), 'h'],
      [host('q.y'), 'h'],
      [host('c.x'), '-'],
    ],
  },
  {
    name: 'a host may be an IPv6 address',
    routes: { h: { hostnames: ['[::1]'] } },
    requests: [[host('[::1]:80'), 'h']],
  },
  { name: 'a malformed host is refused', routes: { h: {} }, requests: [[host('a b'), 400]] },
  {
    name: 'a header expression is found anywhere in the value',
    routes: { h: { headers: [{ name: 'X-V', value: 'v[0-9]+', regex: true }] } },
    requests: [
      [{ target: '/', headers: { 'X-V': 'rev2x' } }, 'h'],
      ['/', '-'],
    ],
  },
  {
    name: 'an empty header is present',
    routes: { h: { headers: [{ name: 'A' }] } },
    requests: [
      [{ target: '/', headers: { A: '' } }, 'h'],
      ['/', '-'],
    ],
  },
  {
    name: 'several lines of a header are compared as one',
    routes: { h: { headers: [{ name: 'X', value: 'b' }] } },
    requests: [
      [{ target: '/', headers: { X: ['a', 'b'] } }, '-'],
      [{ target: '/', headers: { x: 'b' } }, 'h'],
    ],
  },
  {
    name: 'an expression without a value asks for presence',
    routes: { h: { headers: [{ name: 'A', regex: true }] } },
    requests: [
      [{ target: '/', headers: { A: 'z' } }, 'h'],
      ['/', '-'],
    ],
  },
  {
    name: 'an empty query parameter is present',
    routes: { q: { queryParams: [{ name: 'debug' }] } },
    requests: [
      ['/?debug', 'q'],
      ['/?Debug', '-'],
    ],
  },
  {
    name: 'query parameters are form data, the first value counts',
    routes: { q: { queryParams: [{ name: 'q', value: 'a b' }] } },
    requests: [
      ['/?q=a+b&q=z', 'q'],
      ['/?q=z&q=a+b', '-'],
    ],
  },
  {
    name: 'a query expression is found anywhere in the value',
    routes: { q: { queryParams: [{ name: 'q', value: '[0-9]', regex: true }] } },
    requests: [
      ['/?q=a1b', 'q'],
      ['/?q=ab', '-'],
    ],
  },
  {
    name: 'gRPC is recognised by its media type',
    routes: { g: { grpc: true } },
    requests: [
      [type('application/grpc+proto'), 'g'],
      [type('application/grpc'), 'g'],
      [type('Application/GRPC ; x=1'), 'g'],
      [type('application/grpc-web'), '-'],
      [type('application/grpc-web+proto'), '-'],
      ['/', '-'],
    ],
  },
  { name: 'an escaped slash is refused', routes: { e: { path: '/a/b' } }, requests: [['/a%2Fb', 400]] },
  {
    name: 'dot segments are resolved before matching',
    routes: { admin: { pathPrefix: '/admin' }, public: { pathPrefix: '/public' } },
    requests: [['/public/%2e%2e/admin/x', 'admin']],
  },
  { name: 'doubled slashes are merged before matching', routes: { e: { path: '/a/b' } }, requests: [['//a/b', 'e']] },
  {
    name: 'an expression may ask for a member of a list in a header',
    routes: { c: { cel: headline } },
    requests: [
      [role('admin'), 'c'],
      [role('dev, admin'), 'c'],
      [role('superadmin'), '-'],
      ['/api/x', '-'],
      [role('admin', { method: 'DELETE' }), '-'],
    ],
  },
  {
    name: 'an expression that cannot be evaluated does not match',
    routes: { c: { cel: 'request.headers["x"] == "1"' } },
    requests: [
      ['/', '-'],
      [{ target: '/', headers: { x: '1' } }, 'c'],
    ],
  },
  {
    name: 'an expression may read numbers in a JSON body',
    routes: { c: { cel: 'request.body.json.n > 3' } },
    requests: [
      [{ target: '/', method: 'POST', body: { n: 4 } }, 'c'],
      [{ target: '/', method: 'POST', body: { n: 3 } }, '-'],
    ],
  },
  {
    name: 'an expression that makes other engines run for ever answers at once',
    routes: { c: { cel: 'request.headers["t"].matches("^(a+)+$")' } },
    requests: [[{ target: '/', headers: { t: `${'a'.repeat(40)}!` } }, '-']],
  },
  {
    name: 'priority goes before everything',
    routes: { p: { pathPrefix: '/' }, e: { path: '/a' } },
    with: { p: { priority: 10 } },
    requests: [['/a', 'p']],
  },
  {
    name: 'priority goes before the host',
    routes: { any: {}, exact: { hostnames: ['a.x'] } },
    with: { any: { priority: 1 } },
    requests: [[host('a.x'), 'any']],
  },
  {
    name: 'a negative priority goes last',
    routes: { e: { path: '/a' }, r: { pathRegex: '/a' } },
    with: { e: { priority: -1 } },
    requests: [['/a', 'r']],
  },
  {
    name: 'a failed condition falls through to the next candidate, over path kinds and hosts',
    routes: {
      exact: { hostnames: ['a.x'], path: '/a', methods: ['PUT'] },
      prefix: { hostnames: ['a.x'], pathPrefix: '/a', headers: [{ name: 'k' }] },
      regex: { hostnames: ['a.x'], pathRegex: '/[a-z]$', queryParams: [{ name: 'q' }] },
      wild: { hostnames: ['*.x'], cel: 'request.headers["w"] == "1"' },
      last: {},
    },
    requests: [
      [{ target: '/a?q', authority: 'a.x', method: 'PUT', headers: { k: '', w: '1' } }, 'exact'],
      [{ target: '/a?q', authority: 'a.x', headers: { k: '', w: '1' } }, 'prefix'],
      [{ target: '/a?q', authority: 'a.x', headers: { w: '1' } }, 'regex'],
      [{ target: '/a', authority: 'a.x', headers: { w: '1' } }, 'wild'],
      [{ target: '/a', authority: 'a.x' }, 'last'],
    ],
  },
  {
    name: 'the asterisk is taken by an exact asterisk and by routes without a path, by nothing else',
    routes: {
      root: { pathPrefix: '/' },
      regex: { pathRegex: '.*' },
      any: { methods: ['OPTIONS'] },
      text: { pathPrefix: '/', prefixMode: 'string' },
    },
    requests: [
      [{ target: '*', method: 'OPTIONS' }, 'any'],
      [{ target: '*' }, '-'],
    ],
  },
  {
    name: 'the asterisk may be asked for',
    routes: { star: { path: '*' }, any: {} },
    requests: [[{ target: '*', method: 'OPTIONS' }, 'star']],
  },
  {
    name: 'a path for which other methods exist is not found',
    routes: { get: { path: '/a', methods: ['GET'] } },
    requests: [[{ target: '/a', method: 'POST' }, '-']],
  },
]

const grouped: readonly Row[] = [
  {
    name: 'a group prefix comes before a prefix',
    routes: { r: { pathPrefix: '/products' } },
    groups: { g: { pathPrefix: '/api/v1' } },
    requests: [
      ['/api/v1/products/7', 'r'],
      ['/products', '-'],
    ],
  },
  {
    name: 'a root prefix in a group is the prefix of the group',
    routes: { r: { pathPrefix: '/' } },
    groups: { g: { pathPrefix: '/api/v1' } },
    requests: [
      ['/api/v1', 'r'],
      ['/api/v1/x', 'r'],
      ['/api/v10', '-'],
    ],
  },
  {
    name: 'paths are joined by one slash',
    routes: { r: { path: '/x' } },
    groups: { g: { pathPrefix: '/api/' } },
    requests: [['/api/x', 'r']],
  },
  {
    name: 'a group prefix comes before an expression',
    routes: { r: { pathRegex: '/[0-9]+' } },
    groups: { g: { pathPrefix: '/api/v1' } },
    requests: [
      ['/api/v1/42', 'r'],
      ['/42', '-'],
    ],
  },
  {
    name: 'a group prefix is quoted before an expression',
    routes: { r: { pathRegex: '/a' } },
    groups: { g: { pathPrefix: '/v1.0' } },
    requests: [
      ['/v1x0/a', '-'],
      ['/v1.0/a', 'r'],
    ],
  },
  {
    name: 'a caret at the start of an expression is implied',
    routes: { r: { pathRegex: '^/u' } },
    groups: { g: { pathPrefix: '/api' } },
    requests: [['/api/u', 'r']],
  },
  {
    name: 'a prefix behind an expression takes whole segments',
    routes: { r: { pathPrefix: '/app' } },
    groups: { g: { pathRegex: '/(en|es)' } },
    requests: [
      ['/en/app', 'r'],
      ['/en/app/x', 'r'],
      ['/fr/app', '-'],
      ['/en/apple', '-'],
    ],
  },
  {
    name: 'an exact path behind an expression is closed',
    routes: { r: { path: '/health' } },
    groups: { g: { pathRegex: '/(en|es)' } },
    requests: [
      ['/en/healthz', '-'],
      ['/en/health', 'r'],
    ],
  },
  {
    name: 'an expression comes before an expression',
    routes: { r: { pathRegex: '/[0-9]+' } },
    groups: { g: { pathRegex: '/(en|es)' } },
    requests: [['/es/12', 'r']],
  },
  {
    name: 'an expression of a group alone is tied to the start',
    routes: { r: {} },
    groups: { g: { pathRegex: '/en|/es' } },
    requests: [
      ['/x/es', '-'],
      ['/es/x', 'r'],
    ],
  },
  {
    name: 'a route without a path has that of its group',
    routes: { r: {} },
    groups: { g: { pathPrefix: '/api' } },
    requests: [
      ['/api/x', 'r'],
      ['/x', '-'],
    ],
  },
  {
    name: 'hosts are united',
    routes: { r: { hostnames: ['b'] } },
    groups: { g: { hostnames: ['a'] } },
    requests: [
      [host('a'), 'r'],
      [host('b'), 'r'],
      [host('c'), '-'],
    ],
  },
  {
    name: 'hosts of one side alone count',
    routes: { r: {} },
    groups: { g: { hostnames: ['a'] } },
    requests: [
      [host('a'), 'r'],
      [host('b'), '-'],
    ],
  },
  {
    name: 'headers of both must hold',
    routes: { r: { headers: [{ name: 'Y', value: '1' }] } },
    groups: { g: { headers: [{ name: 'X', value: '2' }] } },
    requests: [
      [{ target: '/', headers: { X: '2' } }, '-'],
      [{ target: '/', headers: { Y: '1' } }, '-'],
      [{ target: '/', headers: { X: '2', Y: '1' } }, 'r'],
    ],
  },
  {
    name: 'a route in two groups is served in both and not on its own',
    routes: { r: { pathPrefix: '/x' } },
    groups: { g1: { pathPrefix: '/a' }, g2: { pathPrefix: '/b' } },
    requests: [
      ['/a/x', 'r'],
      ['/b/x', 'r'],
      ['/x', '-'],
    ],
  },
  {
    name: 'the priority of a group counts for routes without their own',
    routes: { r: { pathPrefix: '/' }, other: { path: '/a' } },
    groups: { g: { priority: 5, routeIds: ['r'] } },
    requests: [['/a', 'r']],
  },
  {
    name: 'the priority of a route goes over that of its group',
    routes: { r: { pathPrefix: '/' }, other: { path: '/a' } },
    with: { r: { priority: 0 } },
    groups: { g: { priority: 5, routeIds: ['r'] } },
    requests: [['/a', 'other']],
  },
]

for (const row of [...matching, ...grouped]) {
  test(row.name, () => {
    const routes = Object.entries(row.routes).map(([id, match]) => route(id, match, row.with?.[id]))
    const groups = Object.entries(row.groups ?? {}).map(([id, { routeIds, ...rest }]) =>
      group(id, routeIds ?? Object.keys(row.routes), rest),
    )
    const { table, problems } = compileRoutes(config(routes, groups))
    assert.deepEqual(
      problems.filter(({ severity }) => severity === 'error'),
      [],
    )
    for (const [request, expected] of row.requests) {
      const asked = received(typeof request === 'string' ? { target: request } : request)
      const found = asked === 400 ? 400 : table.match(asked, 'l1')
      assert.ok(found !== needsBody)
      assert.equal(found === 400 ? 400 : (found?.route.id ?? '-'), expected, JSON.stringify(request))
    }
  })
}

test('routes answer on their listeners only, those of route and group intersected', () => {
  const routes = [
    route('both', { path: '/both' }),
    route('one', { path: '/one' }, { listenerIds: ['l1'] }),
    route('inner', { path: '/inner' }, { listenerIds: ['l1', 'l2'] }),
    route('group', { path: '/group' }),
    route('apart', { path: '/apart' }, { listenerIds: ['l1'] }),
    route('empty', { path: '/empty' }, { listenerIds: [] }),
  ]
  const groups = [group('g', ['inner', 'group', 'apart'], { listenerIds: ['l2', 'l3'] })]
  const { table } = compileRoutes(config(routes, groups, ['l1', 'l2', 'l3']))
  const on = (path: string) => ['l1', 'l2', 'l3'].filter((id) => table.match(facts(path), id) !== undefined)
  assert.deepEqual(['/both', '/one', '/inner', '/group', '/apart', '/empty'].map(on), [
    ['l1', 'l2', 'l3'],
    ['l1'],
    ['l2'],
    ['l2', 'l3'],
    [],
    ['l1', 'l2', 'l3'],
  ])
})

const reads = 'request.body.raw == "x"'

test('a body is asked for only when an expression that reads it decides', () => {
  const routes = [
    route('body', { path: '/a', methods: ['POST'], cel: reads }),
    route('other', { path: '/a', headers: [{ name: 'k' }] }),
    route('rest', { pathPrefix: '/' }),
  ]
  assert.equal(compilePredicate(reads).readsBody, true)
  const { table } = compileRoutes(config(routes))
  const post: TypedRequest = { target: '/a', method: 'POST', body: 'x', bodyAsked: false }
  const answer = (request: TypedRequest) => {
    const found = table.match(facts(request), 'l1')
    return found === needsBody ? 'needs body' : found?.route.id
  }
  assert.equal(answer(post), 'needs body')
  assert.equal(answer({ ...post, bodyAsked: true }), 'body')
  assert.equal(answer({ ...post, body: 'y', bodyAsked: true }), 'rest')
  assert.equal(answer({ target: '/a', method: 'POST', bodyAsked: true }), 'rest', 'there was no body to read')
  assert.equal(answer({ ...post, method: 'GET' }), 'rest', 'another condition fails before')
  assert.equal(answer({ ...post, target: '/b' }), 'rest', 'the path is another')
})

test('a better candidate found later keeps a body from being asked for', () => {
  const routes = [
    route('body', { path: '/a', cel: reads }, { priority: 1 }),
    route('first', { pathRegex: '/a' }, { priority: 2 }),
    route('last', {}),
  ]
  const { table } = compileRoutes(config(routes))
  const found = table.match(facts({ target: '/a', method: 'POST', body: 'x', bodyAsked: false }), 'l1')
  assert.ok(found !== undefined && found !== needsBody)
  assert.equal(found.route.id, 'first')
})
