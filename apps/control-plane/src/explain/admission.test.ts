import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ExplainRequestInput, ListenerInput } from '@vrata/model'
import { explained } from '../testing/explained.ts'

type Fields = Omit<ListenerInput, 'id' | 'port'>

/** What is seen of a request, or the refusal. */
function seen(sample: ExplainRequestInput, listener: Fields = {}) {
  const listeners = [{ id: 'l', name: 'web', port: 8080, ...listener }]
  const { request, refusal, matched, candidates, action } = explained({ listeners }, sample)
  assert.equal(request === undefined, refusal !== undefined)
  if (refusal) assert.deepEqual([matched, candidates, action], [false, [], null])
  return request ?? refusal
}

const plain = { method: 'GET', scheme: 'http', host: 'localhost', path: '/', query: '', clientIp: '127.0.0.1' }

const forms: readonly [name: string, sample: ExplainRequestInput, listener: Fields, differs: Partial<typeof plain>][] =
  [
    ['nothing given', {}, {}, {}],
    ['a method in lower case', { method: 'post' }, {}, { method: 'POST' }],
    ['a host with a port', { host: 'Shop.Example:8443' }, {}, { host: 'shop.example' }],
    ['a host among the headers', { headers: { HOST: 'a.x' } }, {}, { host: 'a.x' }],
    ['a query in the path', { path: '/a?b=c' }, {}, { path: '/a', query: 'b=c' }],
    ['a query beside the path', { path: '/a', query: 'b=c?' }, {}, { path: '/a', query: 'b=c?' }],
    ['an absolute target', { path: 'http://b.x:81/a?q', host: 'a.x' }, {}, { host: 'b.x', path: '/a', query: 'q' }],
    ['the star of OPTIONS', { method: 'OPTIONS', path: '*' }, {}, { method: 'OPTIONS', path: '*' }],
    ['a path that is not canonical', { path: '//a/./b/../%7ec' }, {}, { path: '/a/~c' }],
    ['a path as people type it', { path: '/é b', query: 'é b' }, {}, { path: '/%C3%A9%20b', query: '%C3%A9%20b' }],
    ['a path that is left alone', { path: '/a//b%2Fc' }, { pathNormalization: 'off' }, { path: '/a//b/c' }],
    ['an escaped slash that is kept', { path: '/a%2fb' }, { encodedSlash: 'keep' }, { path: '/a%2Fb' }],
    ['TLS', { tls: true }, {}, { scheme: 'https' }],
    ['TLS with a certificate', { tls: { peerCertificate: {} } }, {}, { scheme: 'https' }],
    ['the scheme', { scheme: 'https' }, {}, { scheme: 'https' }],
    ['a client', { clientIp: '10.0.0.1' }, {}, { clientIp: '10.0.0.1' }],
    ['a client by IPv6', { clientIp: '2001:DB8:0::1' }, {}, { clientIp: '2001:db8::1' }],
    [
      'a client that claims to be another',
      { clientIp: '10.0.0.1', headers: { 'X-Forwarded-For': '9.9.9.9' } },
      { trustedProxies: ['10.1.0.0/16'] },
      { clientIp: '10.0.0.1' },
    ],
    [
      'a client behind a trusted proxy',
      { clientIp: '10.1.0.1', headers: { 'X-Forwarded-For': ['8.8.8.8, 9.9.9.9', '10.1.0.2'] } },
      { trustedProxies: ['10.1.0.0/16'] },
      { clientIp: '9.9.9.9' },
    ],
  ]
for (const [name, sample, listener, differs] of forms) {
  test(`a request is seen as by a proxy: ${name}`, () => {
    assert.deepEqual(seen(sample, listener), { ...plain, ...differs })
  })
}

const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`x-${n}`, 'v']))

const refusals: readonly [
  name: string,
  sample: ExplainRequestInput,
  listener: Fields,
  status: number,
  error: string,
][] = [
  ['a path above the root', { path: '/../a' }, {}, 400, 'bad_request'],
  ['an escaped slash', { path: '/a%2Fb' }, {}, 400, 'bad_request'],
  ['a path without a slash', { path: 'a' }, {}, 400, 'bad_request'],
  ['the star of another method', { path: '*' }, {}, 400, 'bad_request'],
  ['a fragment', { path: '/a', query: 'b#c' }, {}, 400, 'bad_request'],
  ['a control character', { path: '/a\nb' }, {}, 400, 'bad_request'],
  ['no host', { host: '' }, {}, 400, 'bad_request'],
  ['a host that is none', { host: 'a b' }, {}, 400, 'bad_request'],
  ['two hosts', { headers: { host: ['a.x', 'b.x'] } }, {}, 400, 'bad_request'],
  ['a broken host behind an absolute target', { path: 'http://a.x/', host: 'a b' }, {}, 400, 'bad_request'],
  ['an underscore', { headers: { a_b: '1' } }, { underscoreHeaders: 'reject' }, 400, 'bad_request'],
  ['a long URL', { path: '/abc', query: 'd' }, { limits: { maxUrlBytes: 5 } }, 414, 'uri_too_long'],
  ['many headers', { headers: many(5) }, { limits: { maxHeaders: 5 } }, 431, 'request_headers_too_large'],
  ['large headers', { headers: { a: 'v'.repeat(1024) } }, { maxRequestHeadersKB: 1 }, 431, 'request_headers_too_large'],
  ['a large body', { body: 'é' }, { limits: { maxBodyBytes: 1 } }, 413, 'payload_too_large'],
  ['a host of others', { host: 'b.x' }, { hostnames: ['a.x'] }, 404, 'no_route'],
]
for (const [name, sample, listener, status, error] of refusals) {
  test(`what a proxy refuses is told as the answer: ${name}`, () => {
    assert.partialDeepStrictEqual(seen(sample, listener), { status, error })
  })
}

test('what is just within the limits passes', () => {
  const listener = { limits: { maxUrlBytes: 6, maxHeaders: 6, maxBodyBytes: 2 }, maxRequestHeadersKB: 1 }
  const sample = { path: '/abc', query: 'd', headers: many(5), body: 'é' }
  assert.deepEqual(seen(sample, listener), { ...plain, path: '/abc', query: 'd' })
})

/** Whether an expression is true for a request. */
function holds(cel: string, sample: ExplainRequestInput, listener: Fields = {}): boolean {
  const listeners = [{ id: 'l', port: 8080, ...listener }]
  return explained({ listeners, routes: [{ id: 'r', match: { cel }, directResponse: { status: 200 } }] }, sample)
    .matched
}

const facts: readonly [cel: string, sample: ExplainRequestInput, listener?: Fields][] = [
  ['request.headers == {}', {}],
  ['request.headers == {}', { host: 'a.x', headers: { 'x-forwarded-client-cert': 'forged' } }],
  ['request.headers == {"x-a": "1, 2"}', { headers: { 'X-A': '1', 'x-a': '2' } }],
  ['request.headers == {"x-a": "1, 2"}', { headers: { 'x-a': ['1', '2'] } }],
  ['request.headers == {}', { headers: { 'x-forwarded-for': '1.1.1.1', Forwarded: 'for=1.1.1.1', a_b: '1' } }],
  ['"a_b" in request.headers', { headers: { a_b: '1' } }, { underscoreHeaders: 'keep' }],
  [
    '"x-forwarded-proto" in request.headers',
    { headers: { 'x-forwarded-proto': 'https' } },
    { trustedProxies: ['127.0.0.1/32'] },
  ],
  ['request.path == "/é"', { path: '/%c3%a9' }],
  ['request.queryParams["a b"] == "c d"', { path: '/?a+b=c%20d' }],
  ['has(request.body) && request.body.raw == ""', {}],
  ['request.body.json.n == 1', { body: '{"n":1}', headers: { 'content-type': 'application/vnd.x+json' } }],
  ['!has(request.body.json)', { body: '{"n":1}' }],
  ['request.clientIp == "10.0.0.1"', { clientIp: '10.0.0.1' }],
  ['request.tls.peerCertificate.subject == "CN=a"', { tls: { peerCertificate: { subject: 'CN=a' } } }],
  ['!has(request.tls)', { tls: true }],
  ['request.headers == {}', { tls: { peerCertificate: { dnsNames: ['a.x'] } } }],
  [
    'request.headers["x-forwarded-client-cert"] == "spiffe://a;x:%3B"',
    { tls: { peerCertificate: { uris: ['spiffe://a', 'x:;'] } }, headers: { 'X-Forwarded-Client-Cert': 'forged' } },
  ],
]
for (const [cel, sample, listener] of facts) {
  test(`${cel} is true for ${JSON.stringify(sample)}`, () => assert.equal(holds(cel, sample, listener), true))
}

test('expressions see no more of a body than proxies do by default', () => {
  const body = 'x'.repeat(70_000)
  assert.ok(holds('size(request.body.raw) == 65536', { body }))
})

test('without a listener to name, the first by id that takes the host is taken, else the first', () => {
  const listeners = [
    { id: 'c', name: 'all', port: 1 },
    { id: 'b', name: 'mine', port: 2, hostnames: ['*.b.x'] },
    { id: 'a', name: 'other', port: 3, hostnames: ['a.x'] },
  ]
  const chosen = (sample: ExplainRequestInput) => explained({ listeners }, sample).listener?.id
  assert.equal(chosen({ host: 'a.x' }), 'a')
  assert.equal(chosen({ headers: { host: 'q.b.x:8' } }), 'b')
  assert.equal(chosen({ host: 'else.x' }), 'c')
  assert.equal(chosen({ host: 'not a host' }), 'a')
  assert.equal(chosen({ host: 'a.x', listenerId: 'c' }), 'c')
  const hostsOnly = listeners.slice(1)
  assert.deepEqual(explained({ listeners: hostsOnly }, { host: 'z' }).refusal?.error, 'no_route')
})

test('while there is no listener at all, routes are asked as if there were one with the defaults', () => {
  const { listener, matched, request } = explained(
    { listeners: [], routes: [{ id: 'r', match: {}, directResponse: { status: 200 } }] },
    { path: '//a' },
  )
  assert.deepEqual([listener, matched, request?.path], [null, true, '/a'])
})
