import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type GroupInput, Redirect, type RouteInput } from '@vrata/model'
import { compileRoutes } from './compile.ts'
import { compileDirectResponse } from './direct-response.ts'
import { config, facts, group, route } from './fixtures.ts'
import { compileRedirect } from './redirect.ts'
import { compileRewrite } from './rewrite.ts'

type Match = NonNullable<RouteInput['match']>
type Rewrite = NonNullable<NonNullable<RouteInput['forward']>['rewrite']>

function entryOf(match: Match, rest: Partial<RouteInput>, ofGroup?: Partial<GroupInput>) {
  const groups = ofGroup ? [group('g', ['r'], ofGroup)] : []
  const { table, problems } = compileRoutes(config([route('r', match, rest)], groups))
  assert.deepEqual(
    problems.filter(({ severity }) => severity === 'error'),
    [],
  )
  const [entry] = table.entries
  assert.ok(entry)
  return entry
}

function rewriteOf(match: Match, rewrite: Rewrite, ofGroup?: Partial<GroupInput>) {
  const compiled = compileRewrite(
    entryOf(match, { forward: { destinations: [{ destinationId: 'd' }], rewrite } }, ofGroup),
  )
  assert.ok(compiled)
  return compiled
}

const api = { pathPrefix: '/api/v1' }

const paths: readonly [string, Match, Rewrite, string, string, Partial<GroupInput>?][] = [
  ['replaces the matched prefix', api, { path: '/internal' }, '/api/v1/users?x=1', '/internal/users?x=1'],
  ['replaces a prefix that is the whole path', api, { path: '/internal' }, '/api/v1', '/internal'],
  ['keeps a slash at the end', api, { path: '/internal' }, '/api/v1/', '/internal/'],
  ['joins with one slash', api, { path: '/internal/' }, '/api/v1/users', '/internal/users'],
  ['strips the prefix', { pathPrefix: '/api' }, { path: '/' }, '/api/users', '/users'],
  ['strips a prefix that is the whole path', { pathPrefix: '/api' }, { path: '/' }, '/api', '/'],
  ['puts something before everything', { pathPrefix: '/' }, { path: '/v2' }, '/users', '/v2/users'],
  [
    'replaces what group and route matched together',
    { pathPrefix: '/items' },
    { path: '/i' },
    '/g/items/7',
    '/i/7',
    { pathPrefix: '/g' },
  ],
  [
    'replaces the prefix of the group where the route has no path',
    {},
    { path: '/i' },
    '/g/items/7',
    '/i/items/7',
    { pathPrefix: '/g' },
  ],
  [
    'replaces a string prefix',
    { pathPrefix: '/img-', prefixMode: 'string' },
    { path: '/static' },
    '/img-1.png',
    '/static/1.png',
  ],
  [
    'leaves no dot segment behind a string prefix',
    { pathPrefix: '/img', prefixMode: 'string' },
    { path: '/static/a' },
    '/img../x',
    '/static/x',
  ],
  ['replaces the whole path of an exact route', { path: '/a/b' }, { path: '/c' }, '/a/b?q', '/c?q'],
  ['replaces the whole path of an expression', { pathRegex: '/a' }, { path: '/c' }, '/a/b', '/c'],
  ['replaces the whole path of a route without a path', {}, { path: 'c' }, '/a/b', '/c'],
  ['replaces the whole path when told so', api, { fullPath: '/x/y' }, '/api/v1/users?q', '/x/y?q'],
  ['writes configured text as a path is sent', {}, { fullPath: '/caf\u00e9/%7e' }, '/', '/caf%C3%A9/~'],
  [
    'searches and replaces',
    {},
    { pathRegex: { pattern: '^/api/v2(.*)', substitution: '/internal$1' } },
    '/api/v2/orders',
    '/internal/orders',
  ],
  ['replaces every match', {}, { pathRegex: { pattern: '/a', substitution: '/b' } }, '/a/x/a', '/b/x/b'],
  [
    'takes groups written with a backslash, and a query',
    {},
    { pathRegex: { pattern: '/u/([0-9]+)/o/([0-9]+)', substitution: '/v2/o/\\2?user=\\1' } },
    '/u/4/o/9',
    '/v2/o/9?user=4',
  ],
  [
    'puts its query before that of the request',
    {},
    { pathRegex: { pattern: '/u/(\\d+)', substitution: '/u?id=$1' } },
    '/u/4?x=1',
    '/u?id=4&x=1',
  ],
  [
    'keeps the query of the request when its own is empty',
    {},
    { pathRegex: { pattern: '$', substitution: '?' } },
    '/u?x=1',
    '/u?x=1',
  ],
  ['gives a result the slash it lacks', {}, { pathRegex: { pattern: '^/a/', substitution: '' } }, '/a/b', '/b'],
  ['never makes a path that climbs', {}, { pathRegex: { pattern: 'x', substitution: '' } }, '/a/.x./.x./.x./b', '/b'],
  [
    'never makes a path that names a host',
    {},
    { pathRegex: { pattern: '^/a', substitution: '/' } },
    '/a/evil.com',
    '/evil.com',
  ],
  [
    'escapes what cannot stand in a target',
    {},
    { pathRegex: { pattern: '^/a', substitution: '/ü?b c=é' } },
    '/a',
    '/%C3%BC?b%20c=%C3%A9',
  ],
  ['leaves the asterisk alone', {}, { fullPath: '/x' }, '*', '*'],
  ['leaves the path alone when only the host is rewritten', {}, { host: 'h' }, '/a?b', '/a?b'],
]

for (const [name, match, rewrite, target, expected, ofGroup] of paths) {
  test(`a rewrite ${name}`, () => {
    const { path, query } = facts(target)
    const result = rewriteOf(match, rewrite, ofGroup).path(path, query)
    assert.equal(result.query === '' ? result.path : `${result.path}?${result.query}`, expected)
  })
}

test('a route without a rewrite has none', () => {
  assert.equal(compileRewrite(entryOf({}, { forward: { destinations: [{ destinationId: 'd' }] } })), undefined)
})

const tls = { host: 'api.ex', port: 443, tls: true }
const hosts: readonly [string, Rewrite, Record<string, string>, object, string | undefined][] = [
  ['sends the configured host', { host: 'h.internal' }, {}, tls, 'h.internal'],
  ['sends the host of the destination, without the port of its scheme', { autoHost: true }, {}, tls, 'api.ex'],
  [
    'sends the host of the destination with another port',
    { autoHost: true, host: 'h' },
    {},
    { ...tls, port: 8443 },
    'api.ex:8443',
  ],
  ['knows the port of clear text', { autoHost: true }, {}, { ...tls, tls: false, port: 80 }, 'api.ex'],
  ['puts IPv6 in brackets', { autoHost: true }, {}, { host: '::1', port: 80, tls: true }, '[::1]:80'],
  ['takes the host from a header', { host: 'h', hostFromHeader: 'X-Target' }, { 'x-target': 'b.x:80' }, tls, 'b.x:80'],
  ['takes the configured host when the header is absent', { host: 'h', hostFromHeader: 'X-Target' }, {}, tls, 'h'],
  [
    'takes the configured host when the header is empty',
    { host: 'h', hostFromHeader: 'X-Target' },
    { 'x-target': '' },
    tls,
    'h',
  ],
  ['passes over a header that is no host', { host: 'h', hostFromHeader: 'X-Target' }, { 'x-target': 'a b' }, tls, 'h'],
  ['leaves the host of the client without any', { path: '/' }, {}, tls, undefined],
]

for (const [name, rewrite, headers, destination, expected] of hosts) {
  test(`a rewrite ${name}`, () => {
    const result = rewriteOf({}, rewrite).host(facts({ target: '/', headers }), { ...tls, ...destination })
    assert.equal(result, expected)
  })
}

test('a header that is no host is told, so that it can be counted', () => {
  const told: string[] = []
  const rewrite = rewriteOf({}, { hostFromHeader: 'X-Target' })
  for (const value of ['a/b', 'ok.x', '']) {
    rewrite.host(facts({ target: '/', headers: { 'x-target': value } }), tls, (...args) => told.push(args.join(' ')))
  }
  assert.deepEqual(told, ['x-target a/b'])
})

type RedirectInput = NonNullable<RouteInput['redirect']>

const redirects: readonly [
  string,
  RedirectInput,
  string,
  Partial<{ target: string; authority: string; match: Match }>?,
][] = [
  ['another scheme drops the port', { scheme: 'https' }, 'https://ex.com/a/b?q=1'],
  ['another host has no port', { host: 'n.com' }, 'http://n.com/a/b?q=1'],
  ['another host may bring a port', { host: 'n.com:81' }, 'http://n.com:81/a/b?q=1'],
  ['another path stays on the server', { path: '/v2' }, '/v2?q=1'],
  ['the query may be dropped', { path: '/v2', stripQuery: true }, '/v2'],
  ['a whole URL is sent as it is', { url: 'https://d/x' }, 'https://d/x'],
  ['several parts', { scheme: 'https', host: 'a.com', path: '/', code: 308 }, 'https://a.com/?q=1'],
  [
    'a path that looks like a host stays a path',
    { scheme: 'https' },
    'https://ex.com/evil.com',
    { target: '/evil.com' },
  ],
  [
    'doubled slashes do not come back',
    { stripQuery: true, port: 80 },
    'http://ex.com/evil.com',
    { target: '//evil.com' },
  ],
  ['the same scheme keeps the port', { scheme: 'http' }, 'http://ex.com:8080/a/b?q=1'],
  ['another port', { port: 9000 }, 'http://ex.com:9000/a/b?q=1'],
  ['the port of the scheme is left out', { scheme: 'https', port: 443 }, 'https://ex.com/a/b?q=1'],
  ['a port of another scheme is named', { scheme: 'https', port: 80 }, 'https://ex.com:80/a/b?q=1'],
  ['IPv6 with a port', { scheme: 'https', port: 444 }, 'https://[::1]:444/a/b?q=1', { authority: '[::1]:8080' }],
  ['IPv6 without a port', { scheme: 'https' }, 'https://[::1]/a/b?q=1', { authority: '[::1]' }],
  ['a given query takes the place of the other', { path: '/v2?z=1' }, '/v2?z=1'],
  ['the given query survives stripping', { path: '/v2?z=1', stripQuery: true }, '/v2?z=1'],
  ['a given path does not name a host', { path: '//evil.com/x' }, '/evil.com/x?q=1'],
  ['a given path is escaped', { path: '/caf\u00e9' }, '/caf%C3%A9?q=1'],
  ['a prefix is swapped', { pathPrefix: '/n' }, '/n/b?q=1', { match: { pathPrefix: '/a' } }],
  [
    'a prefix is swapped for the root',
    { pathPrefix: '/', scheme: 'https' },
    'https://ex.com/b?q=1',
    { match: { pathPrefix: '/a' } },
  ],
  ['without a matched prefix the whole path is swapped', { pathPrefix: '/n' }, '/n?q=1', { match: { path: '/a/b' } }],
  ['the asterisk becomes the root', { scheme: 'https' }, 'https://ex.com/', { target: '*' }],
  ['without an authority only a path can be given', { scheme: 'https' }, '/a/b?q=1', { authority: '' }],
]

for (const [name, redirect, expected, request = {}] of redirects) {
  test(`redirect: ${name}`, () => {
    const { target = '/a/b?q=1', authority = 'ex.com:8080', match = {} } = request
    const compiled = compileRedirect(entryOf(match, { redirect }))
    const asked = facts({ target, authority: authority === '' ? 'x' : authority })
    assert.deepEqual(compiled({ ...asked, authority }), { status: redirect.code ?? 301, location: expected })
  })
}

test('a redirect with a status that is none is refused', () => {
  assert.equal(Redirect.safeParse({ path: '/', code: 299 }).success, false)
  assert.equal(Redirect.parse({ path: '/' }).code, 301)
})

test('a path that was not normalised cannot redirect to another host', () => {
  const compiled = compileRedirect(entryOf({}, { redirect: { pathPrefix: '/x', stripQuery: true } }))
  const plain = compileRedirect(entryOf({}, { redirect: { port: 1 } }))
  const asked = { ...facts('/'), path: '/\\evil.com', authority: '' }
  assert.equal(plain(asked).location, '/%5Cevil.com')
  assert.equal(plain({ ...asked, path: '//evil.com' }).location, '/evil.com')
  assert.equal(compiled(asked).location, '/x')
})

const responses: readonly [string, RouteInput['directResponse'], string[][]][] = [
  ['text is plain text', { status: 200, body: 'hello' }, [['content-type', 'text/plain; charset=utf-8']]],
  ['markup is plain text', { status: 200, body: '<html>' }, [['content-type', 'text/plain; charset=utf-8']]],
  ['a JSON object is JSON', { status: 404, body: ' {"a":1}' }, [['content-type', 'application/json']]],
  ['a JSON list is JSON', { status: 200, body: '[]' }, [['content-type', 'application/json']]],
  ['a JSON number is plain text', { status: 200, body: '1' }, [['content-type', 'text/plain; charset=utf-8']]],
  ['broken JSON is plain text', { status: 200, body: '{a}' }, [['content-type', 'text/plain; charset=utf-8']]],
  [
    'the configured type counts',
    { status: 200, body: '{}', headers: { 'Content-Type': 'a/b', 'x-y': 'z' } },
    [
      ['Content-Type', 'a/b'],
      ['x-y', 'z'],
    ],
  ],
  ['an empty body has no type', { status: 204 }, []],
]

for (const [name, directResponse, headers] of responses) {
  test(`direct response: ${name}`, () => {
    const compiled = compileDirectResponse(entryOf({}, { directResponse }))
    assert.equal(compiled.status, directResponse?.status)
    assert.deepEqual(compiled.headers, headers)
    assert.equal(compiled.body.toString(), directResponse?.body ?? '')
  })
}

test('asking for an action that a route does not have is a mistake of the caller', () => {
  const entry = entryOf({}, { redirect: { path: '/' } })
  assert.throws(() => compileDirectResponse(entry), TypeError)
  assert.throws(() => compileRedirect(entryOf({}, {})), TypeError)
})
