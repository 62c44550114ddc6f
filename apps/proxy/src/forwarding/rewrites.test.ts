import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RouteInput } from '@vrata/model'
import { ask, rawExchange, type SnapshotBuilder, startBackend } from '@vrata/testkit'
import { startInProcess } from '../testing/in-process.ts'

type Rewrite = NonNullable<NonNullable<RouteInput['forward']>['rewrite']>

interface Row {
  readonly what: string
  readonly match?: RouteInput['match']
  readonly group?: string
  readonly rewrite: Rewrite
  readonly asks: string
  readonly sees: string
}

const rows: readonly Row[] = [
  {
    what: 'a path replaces the matched prefix',
    match: { pathPrefix: '/api/v1' },
    rewrite: { path: '/internal' },
    asks: '/api/v1/users?x=1',
    sees: '/internal/users?x=1',
  },
  {
    what: 'a path replaces a prefix that is the whole path',
    match: { pathPrefix: '/api/v1' },
    rewrite: { path: '/internal' },
    asks: '/api/v1',
    sees: '/internal',
  },
  {
    what: 'a slash strips the prefix',
    match: { pathPrefix: '/api' },
    rewrite: { path: '/' },
    asks: '/api/users',
    sees: '/users',
  },
  {
    what: 'the prefix is the one composed with the group',
    group: '/g',
    match: { pathPrefix: '/items' },
    rewrite: { path: '/i' },
    asks: '/g/items/7',
    sees: '/i/7',
  },
  {
    what: 'an expression takes a part of the path along',
    rewrite: { pathRegex: { pattern: '^/api/v2(.*)', substitution: '/internal$1' } },
    asks: '/api/v2/orders',
    sees: '/internal/orders',
  },
  {
    what: 'an expression replaces every match',
    rewrite: { pathRegex: { pattern: '/a', substitution: '/b' } },
    asks: '/a/x/a',
    sees: '/b/x/b',
  },
  {
    what: 'backslash groups and a query in the substitution work',
    rewrite: { pathRegex: { pattern: '/u/([0-9]+)/o/([0-9]+)', substitution: '/v2/o/\\2?user=\\1' } },
    asks: '/u/4/o/9',
    sees: '/v2/o/9?user=4',
  },
  {
    what: 'a query in the substitution comes before that of the request',
    rewrite: { pathRegex: { pattern: '/u/([0-9]+)', substitution: '/v2?user=$1' } },
    asks: '/u/4?page=2',
    sees: '/v2?user=4&page=2',
  },
  { what: 'a full path replaces all', rewrite: { fullPath: '/one' }, asks: '/a/b?q=1', sees: '/one?q=1' },
]

for (const { what, match = { pathPrefix: '/' }, group, rewrite, asks, sees } of rows) {
  test(`rewriting: ${what}`, async (t) => {
    const backend = await startBackend(t)
    const proxy = await startInProcess(t, (s) => {
      const route = { name: 'r', match, forward: { destinations: [{ destinationId: 'd', weight: 100 }], rewrite } }
      const routed = s.destination('d', backend.address).route('r', route)
      return group === undefined ? routed : routed.group('g', { name: 'g', pathPrefix: group, routeIds: ['r'] })
    })
    assert.equal((await ask(proxy.url + asks)).status, 200)
    assert.equal(backend.requests[0]?.url, sees)
  })
}

interface HostRow {
  readonly what: string
  readonly rewrite: Rewrite
  readonly sends?: Readonly<Record<string, string>>
  readonly sees: string
}

const hostRows: readonly HostRow[] = [
  { what: 'a fixed host', rewrite: { host: 'h.internal' }, sees: 'h.internal' },
  {
    what: 'the host from a header wins over the fixed one',
    rewrite: { host: 'h.internal', hostFromHeader: 'X-Tenant' },
    sends: { 'x-tenant': 't.internal:81' },
    sees: 't.internal:81',
  },
  {
    what: 'a header that holds no host is passed over',
    rewrite: { host: 'h.internal', hostFromHeader: 'X-Tenant' },
    sends: { 'x-tenant': 'a/b' },
    sees: 'h.internal',
  },
  { what: 'the host of the destination', rewrite: { autoHost: true, host: 'h.internal' }, sees: 'api.ex:8080' },
]

for (const { what, rewrite, sends = {}, sees } of hostRows) {
  test(`the upstream sees ${what}`, async (t) => {
    const backend = await startBackend(t)
    const proxy = await startInProcess(t, (s) =>
      s
        .destination('d', 'api.ex:8080', { endpoints: [{ host: '127.0.0.1', port: backend.port }] })
        .route('r', { name: 'r', match: {}, forward: { destinations: [{ destinationId: 'd' }], rewrite } }),
    )
    await ask(proxy.url, { headers: { host: 'c.com', ...sends } })
    assert.equal(backend.requests[0]?.headers.host, sees)
  })
}

interface RedirectRow {
  readonly what: string
  readonly redirect: NonNullable<RouteInput['redirect']>
  readonly asks?: string
  readonly location: string
  readonly status?: number
}

const redirectRows: readonly RedirectRow[] = [
  { what: 'a scheme', redirect: { scheme: 'https' }, location: 'https://ex.com/a/b?q=1' },
  { what: 'a host', redirect: { host: 'n.com' }, location: 'http://n.com/a/b?q=1' },
  { what: 'a path', redirect: { path: '/v2' }, location: '/v2?q=1' },
  { what: 'a path without the query', redirect: { path: '/v2', stripQuery: true }, location: '/v2' },
  { what: 'a whole URL', redirect: { url: 'https://d/x' }, location: 'https://d/x' },
  {
    what: 'scheme, host and path, with a status',
    redirect: { scheme: 'https', host: 'a.com', path: '/', code: 308 },
    location: 'https://a.com/?q=1',
    status: 308,
  },
  {
    what: 'a scheme, and a path that looks like a host',
    redirect: { scheme: 'https' },
    asks: '/evil.com',
    location: 'https://ex.com/evil.com',
  },
  {
    what: 'a path that must not become a host',
    redirect: { stripQuery: true, pathPrefix: '/' },
    asks: '//evil.com/x?q=1',
    location: '/',
  },
]

for (const { what, redirect, asks = '/a/b?q=1', location, status = 301 } of redirectRows) {
  test(`a redirect by ${what}`, async (t) => {
    const proxy = await startInProcess(t, (s) => s.route('r', { name: 'r', match: {}, redirect }))
    const answer = await ask(proxy.url + asks, { headers: { host: 'ex.com:8080' } })
    assert.equal(answer.headers.location, location)
    assert.equal(answer.status, status)
    assert.equal(answer.body, '')
  })
}

const direct = (fields: NonNullable<RouteInput['directResponse']>) => (s: SnapshotBuilder) =>
  s.route('r', { name: 'r', match: {}, directResponse: fields })

test('a direct response has its status, headers and body, and a type by what the body is', async (t) => {
  const proxy = await startInProcess(t, direct({ status: 418, body: '{"a":1}', headers: { 'X-A': 'b' } }))
  const answer = await ask(proxy.url)
  assert.equal(answer.status, 418)
  assert.equal(answer.body, '{"a":1}')
  assert.equal(answer.headers['x-a'], 'b')
  assert.equal(answer.headers['content-type'], 'application/json')
})

test('a direct response to HEAD has the length but no body', async (t) => {
  const proxy = await startInProcess(t, direct({ status: 200, body: 'hello' }))
  const answer = await rawExchange(proxy.port, 'HEAD / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
  assert.match(answer, /content-length: 5\r\n/)
  assert.ok(answer.endsWith('\r\n\r\n'))
})

test('a direct response without content has no length and no body', async (t) => {
  const proxy = await startInProcess(t, direct({ status: 204 }))
  const answer = await rawExchange(proxy.port, 'GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
  assert.match(answer, /^HTTP\/1\.1 204 No Content\r\n/)
  assert.doesNotMatch(answer, /content-length|transfer-encoding/i)
})

const post = (length: number) => `POST / HTTP/1.1\r\nhost: a\r\ncontent-length: ${length}\r\n\r\n`
const next = 'GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n'

test('a direct response reads a small body to its end, so that the connection can be used again', async (t) => {
  const proxy = await startInProcess(t, direct({ status: 200, body: 'hello' }))
  const answer = await rawExchange(proxy.port, `${post(60_000)}${'x'.repeat(60_000)}${next}`)
  assert.equal(answer.split('HTTP/1.1 200 OK').length - 1, 2)
})

test('a direct response to a large body arrives whole, and the connection closes', async (t) => {
  const proxy = await startInProcess(t, direct({ status: 200, body: 'hello' }))
  const answer = await rawExchange(proxy.port, `${post(200_000)}${'x'.repeat(200_000)}${next}`)
  assert.equal(answer.split('HTTP/1.1 200 OK').length - 1, 1)
  assert.match(answer, /connection: close/i)
  assert.ok(answer.endsWith('hello'))
})
