import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Group, type Problem, Route } from '@vrata/model'
import { compileRoutes } from './compile.ts'
import { config, facts, group, route } from './fixtures.ts'
import { needsBody } from './slot.ts'

/** `kind/id pointer code`, the form in which tests name problems. */
function short({ entity, pointer, code }: Problem): string {
  return `${entity.kind}/${entity.id} ${pointer} ${code}`
}

function found(routes: readonly Route[], groups: readonly Group[] = [], listenerIds?: readonly string[]): Problem[] {
  return compileRoutes(config(routes, groups, listenerIds)).problems
}

/** A route or group with members that its schema would have refused. */
function forced<Entity extends Route | Group>(entity: Entity, members: Partial<Entity>): Entity {
  return { ...entity, ...members }
}

const matchOf = (match: object) => ({ match: { ...route('x').match, ...match } })
const rewriteOf = (pathRegex: { pattern: string; substitution: string }) => {
  const valid = route('x', {}, { forward: { destinations: [{ destinationId: 'd' }], rewrite: {} } })
  assert.ok(valid.forward)
  return { directResponse: undefined, forward: { ...valid.forward, rewrite: { autoHost: false, pathRegex } } }
}
const override = { disabled: false, skipWhen: undefined, onlyWhen: undefined }

const broken: readonly [string, Route, string, RegExp][] = [
  ['a path expression', forced(route('r'), matchOf({ pathRegex: '/(' })), '/match/pathRegex regex.invalid', /missing/],
  [
    'two path fields',
    forced(route('r'), matchOf({ path: '/a', pathPrefix: '/b' })),
    '/match/pathPrefix exclusive.fields',
    /path and pathPrefix/,
  ],
  ['a relative path', route('r', { path: 'a' }), '/match/path path.invalid', /begins with/],
  ['a path that climbs', route('r', { pathPrefix: '/a/../../b' }), '/match/pathPrefix path.invalid', /climbs/],
  [
    'a header expression',
    forced(route('r'), matchOf({ headers: [{ name: 'a', value: '*', regex: true }] })),
    '/match/headers/0/value regex.invalid',
    /repetition/,
  ],
  [
    'a query expression',
    forced(route('r'), matchOf({ queryParams: [{ name: 'ok' }, { name: 'a', value: '[', regex: true }] })),
    '/match/queryParams/1/value regex.invalid',
    /missing/,
  ],
  [
    'an expression with a typo',
    forced(route('r'), matchOf({ cel: 'request.pth == "/"' })),
    '/match/cel cel.invalid',
    /pth/,
  ],
  ['a host', forced(route('r'), matchOf({ hostnames: ['a', 'b:80'] })), '/match/hostnames/1 hostname.invalid', /b:80/],
  [
    'a condition of an override',
    forced(route('r', {}, { middlewareIds: ['a/b'.replace('/', '-')] }), {
      middlewareOverrides: { 'a-b': { ...override, skipWhen: ['true', 'request.x'] } },
    }),
    '/middlewareOverrides/a-b/skipWhen/1 cel.invalid',
    /x/,
  ],
  [
    'a rewrite pattern',
    forced(route('r'), rewriteOf({ pattern: '(', substitution: '' })),
    '/forward/rewrite/pathRegex/pattern regex.invalid',
    /missing/,
  ],
  [
    'a rewrite substitution',
    forced(route('r'), rewriteOf({ pattern: '(a)', substitution: '$2' })),
    '/forward/rewrite/pathRegex/substitution regex.invalid',
    /no group/,
  ],
]

for (const [name, one, expected, message] of broken) {
  test(`${name} that cannot be compiled is an error in its place, and its route is left out`, () => {
    const { table, problems } = compileRoutes(config([one, route('ok', { path: '/ok' })]))
    assert.deepEqual(problems.map(short), [`route/r ${expected}`])
    assert.equal(problems[0]?.severity, 'error')
    assert.match(problems[0]?.message ?? '', message)
    assert.deepEqual(
      table.entries.map((entry) => entry.route.id),
      ['ok'],
    )
  })
}

test('a suggestion is passed on', () => {
  assert.equal(found([route('r', { path: 'a' })])[0]?.suggestion, '/a')
  assert.equal(found([forced(route('r'), matchOf({ cel: 'request.pth == "/"' }))])[0]?.suggestion, 'request.path')
})

test('what is wrong with a group is reported once, and none of its routes is served', () => {
  const routes = ['a', 'b', 'c'].map((id) => route(id, { path: `/${id}` }))
  const groups = [
    group('relative', ['a', 'b'], { pathPrefix: 'x' }),
    forced(group('two', ['a', 'b']), { pathPrefix: '/x', pathRegex: '/y' }),
    forced(group('regex', ['a', 'b']), { pathRegex: '/(' }),
    forced(group('header', ['a', 'b']), { headers: [{ name: 'h', value: '(', regex: true }] }),
    forced(group('host', ['a', 'b']), { hostnames: ['http://x'] }),
  ]
  const { table, problems } = compileRoutes(config(routes, groups))
  const errors = problems.filter(({ severity }) => severity === 'error')
  assert.deepEqual(errors.map(short).sort(), [
    'group/header /headers/0/value regex.invalid',
    'group/host /hostnames/0 hostname.invalid',
    'group/regex /pathRegex regex.invalid',
    'group/relative /pathPrefix path.invalid',
    'group/two /pathRegex exclusive.fields',
  ])
  assert.deepEqual(
    table.entries.map((entry) => entry.route.id),
    ['c'],
  )
})

test('an expression that only its composition breaks is an error of the route', () => {
  const routes = [route('r', { pathRegex: '/(?P<id>b)' })]
  const [problem] = found(routes, [group('g', ['r'], { pathRegex: '/(?P<id>a)' })])
  assert.equal(problem && short(problem), 'route/r /match/pathRegex regex.invalid')
  assert.match(problem?.message ?? '', /composed to .*duplicate/)
})

test('a matcher on the host header is refused, with a hint', () => {
  const parsed = Route.safeParse({
    id: 'r',
    match: { headers: [{ name: 'Host', value: 'a' }] },
    directResponse: { status: 200 },
  })
  assert.match(parsed.error?.issues[0]?.message ?? '', /hostnames/)
})

test('ids of routes that do not exist are passed over', () => {
  const { table, problems } = compileRoutes(config([route('r')], [group('g', ['gone', 'r', 'r'])]))
  assert.deepEqual(problems, [])
  assert.equal(table.entries.length, 1)
  assert.equal(table.entries[0]?.position, 1)
})

const warnings: readonly [string, readonly Route[], readonly Group[], readonly string[]][] = [
  [
    'a relative prefix in a group',
    [route('r', { pathPrefix: 'x' })],
    [group('g', ['r'], { pathPrefix: '/g' })],
    ['route/r /match/pathPrefix path.relative'],
  ],
  [
    'a route outside of the groups',
    [route('r'), route('s', { path: '/s' })],
    [group('g', ['r'])],
    ['route/s  route.ungrouped'],
  ],
  [
    'an override of a middleware that a route does not use',
    [route('r', {}, { middlewareIds: ['a'], middlewareOverrides: { a: {}, b: {} } })],
    [],
    ['route/r /middlewareOverrides/b override.unused'],
  ],
  [
    'an override of a middleware that a group does not use',
    [route('r', {}, { middlewareIds: ['a'] })],
    [group('g', ['r'], { middlewareOverrides: { a: {}, b: {} } })],
    ['group/g /middlewareOverrides/b override.unused'],
  ],
  [
    'an override of a middleware that only the group of a route uses',
    [route('r', {}, { middlewareOverrides: { a: {} } })],
    [group('g', ['r'], { middlewareIds: ['a'] })],
    [],
  ],
  [
    'route and group without a common listener',
    [route('r', {}, { listenerIds: ['l1'] }), route('s')],
    [group('g', ['r', 's'], { listenerIds: ['l2'] })],
    ['route/r /listenerIds route.unreachable', 'listener/l1  listener.unrouted'],
  ],
  ['a listener without routes', [route('r', {}, { listenerIds: ['l2'] })], [], ['listener/l1  listener.unrouted']],
]

for (const [name, routes, groups, expected] of warnings) {
  test(`${name}: ${expected.length === 0 ? 'no warning' : 'a warning that is no error'}`, () => {
    const problems = found(routes, groups, ['l1', 'l2'])
    assert.deepEqual(problems.map(short), expected)
    assert.ok(problems.every(({ severity }) => severity !== 'error'))
  })
}

test('warnings can be left out, errors cannot', () => {
  const routes = [route('r'), route('s', { path: 'relative' })]
  const { problems } = compileRoutes(config(routes, [group('g', [])], ['l1']), { warnings: false })
  assert.deepEqual(problems.map(short), ['route/s /match/path path.invalid'])
})

/** Hidden route, its winner, and everything else of importance. */
const shadows: readonly [string, readonly Route[], readonly Group[], Record<string, string>][] = [
  [
    'a prefix hides an expression below it',
    [route('p', { pathPrefix: '/u' }), route('r', { pathRegex: '/u/[0-9]+' })],
    [],
    { r: 'p' },
  ],
  [
    'a prefix does not hide an expression that goes beyond it',
    [route('p', { pathPrefix: '/u' }), route('r', { pathRegex: '/u[0-9]+' })],
    [],
    {},
  ],
  [
    'the root hides every expression',
    [route('p', { pathPrefix: '/' }), route('r', { pathRegex: '.*x' })],
    [],
    { r: 'p' },
  ],
  [
    'a prefix with a condition hides nothing that lacks it',
    [route('p', { pathPrefix: '/u', headers: [{ name: 'k' }] }), route('r', { pathRegex: '/u/[0-9]+' })],
    [],
    {},
  ],
  [
    'a prefix with a condition hides an expression that has it too',
    [
      route('p', { pathPrefix: '/u', headers: [{ name: 'k' }] }),
      route('r', { pathRegex: '/u/[0-9]+', headers: [{ name: 'q', value: '1' }, { name: 'K' }] }),
    ],
    [],
    { r: 'p' },
  ],
  [
    'equal routes: the first by name hides the other',
    [route('b', { path: '/a' }, { name: 'x' }), route('a', { path: '/a' }, { name: 'y' })],
    [],
    { a: 'b' },
  ],
  [
    'another method is not hidden',
    [route('a', { path: '/a', methods: ['GET'] }), route('b', { path: '/a', methods: ['GET', 'POST'] })],
    [],
    {},
  ],
  [
    'some of the methods are hidden',
    [route('a', { path: '/a', methods: ['GET', 'POST'] }), route('b', { path: '/a', methods: ['POST'] })],
    [],
    { b: 'a' },
  ],
  [
    'a priority hides what is more specific',
    [
      route('any', {}, { priority: 1 }),
      route('e', { path: '/a', hostnames: ['a.x'], methods: ['GET'], cel: 'request.method == "GET"' }),
    ],
    [],
    { e: 'any' },
  ],
  [
    'a wildcard hides its hosts by priority',
    [
      route('w', { hostnames: ['*.x'] }, { priority: 1 }),
      route('in', { hostnames: ['a.x', '*.b.x'] }),
      route('out', { hostnames: ['a.x', 'y'] }),
    ],
    [],
    { in: 'w' },
  ],
  [
    'a string prefix hides longer ones by priority',
    [
      route('s', { pathPrefix: '/im', prefixMode: 'string' }, { priority: 1 }),
      route('p', { pathPrefix: '/img' }),
      route('e', { path: '/im' }),
      route('o', { pathPrefix: '/i' }),
    ],
    [],
    { p: 's', e: 's' },
  ],
  [
    'a more specific host hides nothing',
    [route('a', { hostnames: ['a.x'] }), route('b', { hostnames: ['*.x'] }), route('c')],
    [],
    {},
  ],
  ['other listeners are not hidden', [route('a', {}, { listenerIds: ['l1'] }), route('b')], [], {}],
  ['the same listener is hidden', [route('a'), route('b', {}, { listenerIds: ['l1'] })], [], { b: 'a' }],
  [
    'the same expression twice',
    [
      route('a', { pathRegex: '/[a-z]', cel: 'request.method == "GET"' }),
      route('b', { pathRegex: '^/[a-z]', cel: 'request.method == "GET"' }),
    ],
    [],
    { b: 'a' },
  ],
  ['no path field and the root prefix are not the same', [route('a', { pathPrefix: '/' }), route('b', {})], [], {}],
  [
    'the asterisk is hidden by routes without a path alone',
    [
      route('a', { pathPrefix: '/' }, { priority: 2 }),
      route('star', { path: '*' }),
      route('b', { pathRegex: '.*' }, { priority: 2 }),
    ],
    [],
    { b: 'a' },
  ],
  [
    'one route in two groups may hide itself',
    [route('r', { path: '/x' })],
    [group('g1', ['r']), group('g2', ['r'])],
    { r: 'itself' },
  ],
  [
    'different places in two groups hide nothing',
    [route('r', { path: '/x' })],
    [group('g1', ['r'], { pathPrefix: '/a' }), group('g2', ['r'])],
    {},
  ],
  [
    'many conditions',
    [
      route('a', { path: '/a', queryParams: 'abcde'.split('').map((name) => ({ name })) }),
      route('b', { path: '/a', queryParams: 'edcba'.split('').map((name) => ({ name })) }),
    ],
    [],
    { b: 'a' },
  ],
]

for (const [name, routes, groups, expected] of shadows) {
  test(`shadows: ${name}`, () => {
    const problems = found(routes, groups).filter(({ code }) => code === 'route.shadowed')
    const hidden = problems.map(({ entity, message }) => [
      entity.id,
      /by (?:route "([^"]*)"|(itself))/.exec(message)?.slice(1).find(Boolean),
    ])
    assert.deepEqual(Object.fromEntries(hidden), expected)
    assert.ok(problems.every(({ severity, pointer }) => severity === 'warning' && pointer === '/match'))
  })
}

test('a hidden route is told in a sentence that names the winner', () => {
  const routes = [route('r-2', { pathPrefix: '/u' }), route('r-9', { pathRegex: '/u/[0-9]+' }, { name: 'all' })]
  assert.deepEqual(found(routes), [
    {
      entity: { kind: 'route', id: 'r-9', name: 'all' },
      pointer: '/match',
      message: 'hidden by route "r-2": no request can reach it',
      severity: 'warning',
      code: 'route.shadowed',
    },
  ])
})

test('a table of no routes answers nothing', () => {
  const { table, problems } = compileRoutes(config([], [], []))
  assert.equal(table.match(facts('/'), 'l1'), undefined)
  assert.deepEqual(problems, [])
})

test('every condition can say what it is called, what it expects and what a request has', () => {
  const all = route(
    'r',
    {
      pathRegex: '/a[0-9]',
      methods: ['GET', 'PUT'],
      grpc: true,
      headers: [{ name: 'X-A' }, { name: 'b', value: '1"' }, { name: 'c', value: 'z+', regex: true }],
      queryParams: [{ name: 'Q', value: '2' }],
      cel: 'request.headers["d"] == "1"',
    },
    { listenerIds: ['l1', 'l2'] },
  )
  const { table } = compileRoutes(config([all], [], ['l1', 'l2']))
  const request = facts({
    target: '/x?Q=3',
    method: 'POST',
    headers: { 'x-a': '', b: '2', 'content-type': 'text/plain' },
  })
  const rows = table.entries[0]?.matchers.map((one) => [
    one.predicate,
    one.expected,
    one.actual(request, 'l3'),
    one.test(request, 'l3'),
  ])
  assert.deepEqual(rows, [
    ['method', 'GET, PUT', 'POST', false],
    ['listener', 'l1, l2', 'l3', false],
    ['grpc', 'content-type: application/grpc', 'content-type: text/plain', false],
    ['header', 'x-a: present', 'x-a: ""', true],
    ['header', 'b: "1\\""', 'b: "2"', false],
    ['query', 'Q: "2"', 'Q: "3"', false],
    ['path', '^(?:/a[0-9])', '/x', false],
    ['header', 'c: /z+/', 'c: absent', false],
    ['cel', 'request.headers["d"] == "1"', table.entries[0]?.matchers.at(-1)?.actual(request, 'l3'), false],
  ])
  assert.match(String(rows?.at(-1)?.[2]), /^error: /)
  assert.notEqual(table.match(request, 'l3'), needsBody)
})
