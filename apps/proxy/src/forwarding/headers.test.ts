import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Backend, rawExchange, startBackend } from '@vrata/testkit'
import { startInProcess } from '../testing/in-process.ts'

/** A listener that believes the loopback interface. */
const trusting = { trustedProxies: ['127.0.0.0/8'] }

interface Row {
  readonly what: string
  readonly listener?: object
  /** Header lines that the client sends beside Host. */
  readonly sends: readonly string[]
  /** What the upstream must see, by lower-case name; undefined = the header must be absent. Functions judge. */
  readonly sees: Readonly<Record<string, string | undefined | ((value: string | undefined) => boolean)>>
}

const uuid = (value: string | undefined) => /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/.test(value ?? '')

const rows: readonly Row[] = [
  {
    what: 'a header named in Connection is for this hop only',
    sends: ['Connection: x-drop', 'X-Drop: 1', 'X-Keep: 1'],
    sees: { 'x-drop': undefined, 'x-keep': '1' },
  },
  {
    what: 'hop-by-hop headers stay here',
    sends: ['Keep-Alive: timeout=5', 'Proxy-Authorization: Basic x', 'TE: gzip', 'Proxy-Connection: keep-alive'],
    sees: { 'keep-alive': undefined, 'proxy-authorization': undefined, te: undefined, 'proxy-connection': undefined },
  },
  {
    what: 'settings of HTTP/2 stay here, named in Connection or not',
    sends: ['HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA'],
    sees: { 'http2-settings': undefined },
  },
  { what: 'a client that takes trailers may say so', sends: ['TE: trailers'], sees: { te: 'trailers' } },
  {
    what: 'of several codings only trailers passes',
    sends: ['TE: gzip, trailers;q=0.5, Trailers'],
    sees: { te: 'trailers' },
  },
  {
    what: 'the peer, the scheme and the authority are told',
    sends: [],
    sees: { 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http', 'x-forwarded-host': 'api.example:8443' },
  },
  {
    what: 'addresses claimed by an untrusted peer are dropped',
    sends: ['X-Forwarded-For: 9.9.9.9'],
    sees: { 'x-forwarded-for': '127.0.0.1' },
  },
  {
    what: 'addresses told by a trusted peer are kept',
    listener: trusting,
    sends: ['X-Forwarded-For: 9.9.9.9', 'X-Forwarded-For: 8.8.8.8'],
    sees: { 'x-forwarded-for': '9.9.9.9, 8.8.8.8, 127.0.0.1' },
  },
  {
    what: 'empty lines of a trusted peer say nothing',
    listener: trusting,
    sends: ['X-Forwarded-For:', 'X-Forwarded-Proto:', 'X-Forwarded-Host:'],
    sees: { 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http', 'x-forwarded-host': 'api.example:8443' },
  },
  {
    what: 'a scheme claimed by an untrusted peer is dropped',
    sends: ['X-Forwarded-Proto: https', 'X-Forwarded-Host: evil', 'X-Forwarded-Port: 1', 'Forwarded: for=1.1.1.1'],
    sees: {
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'api.example:8443',
      'x-forwarded-port': undefined,
      forwarded: undefined,
    },
  },
  {
    what: 'what a trusted proxy in front says about scheme and host is kept',
    listener: trusting,
    sends: ['X-Forwarded-Proto: https', 'X-Forwarded-Host: shop.example', 'X-Forwarded-Port: 443', 'Forwarded: for=x'],
    sees: {
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'shop.example',
      'x-forwarded-port': '443',
      forwarded: 'for=x',
    },
  },
  {
    what: 'a forged client certificate is removed',
    listener: trusting,
    sends: ['X-Forwarded-Client-Cert: spiffe://forged'],
    sees: { 'x-forwarded-client-cert': undefined },
  },
  {
    what: 'the headers the gateway sets cannot be removed by Connection',
    sends: ['Connection: x-forwarded-for, x-request-id, x-forwarded-client-cert'],
    sees: { 'x-forwarded-for': '127.0.0.1', 'x-request-id': uuid },
  },
  {
    what: 'no Accept-Encoding and no User-Agent are invented',
    sends: [],
    sees: { 'accept-encoding': undefined, 'user-agent': undefined, via: undefined },
  },
  { what: 'a request gets an id', sends: [], sees: { 'x-request-id': uuid } },
  {
    what: 'an id from an untrusted peer is replaced',
    sends: ['X-Request-Id: mine'],
    sees: { 'x-request-id': uuid },
  },
  {
    what: 'an id from a trusted peer is kept',
    listener: trusting,
    sends: ['X-Request-Id: mine'],
    sees: { 'x-request-id': 'mine' },
  },
  {
    what: 'a trace is begun',
    sends: [],
    sees: { traceparent: (value) => /^00-[\da-f]{32}-[\da-f]{16}-01$/.test(value ?? '') },
  },
  {
    what: 'a trace is continued',
    sends: ['traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00', 'tracestate: a=b'],
    sees: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00', tracestate: 'a=b' },
  },
  {
    what: 'a malformed trace is replaced',
    sends: ['traceparent: 00-00000000000000000000000000000000-b7ad6b7169203331-00'],
    sees: { traceparent: (value) => /^00-(?!0{32})[\da-f]{32}-[\da-f]{16}-01$/.test(value ?? '') },
  },
  {
    what: 'names with an underscore are dropped',
    sends: ['X_Forwarded_For: 1.2.3.4', 'my_header: 1'],
    sees: { x_forwarded_for: undefined, my_header: undefined },
  },
  {
    what: 'names with an underscore are kept where the listener says so',
    listener: { underscoreHeaders: 'keep' },
    sends: ['my_header: 1'],
    sees: { my_header: '1' },
  },
  {
    what: 'the attempt counter is not the client’s to set',
    sends: ['X-Request-Attempt-Count: 7'],
    sees: { 'x-request-attempt-count': undefined },
  },
  {
    what: 'Via is added where the listener says so',
    listener: { via: true },
    sends: ['Via: 1.0 a'],
    sees: { via: '1.0 a, 1.1 vrata' },
  },
  { what: 'the authority passes unchanged', sends: [], sees: { host: 'api.example:8443' } },
  {
    what: 'an expectation is answered here and not passed on',
    sends: ['Expect: 100-continue'],
    sees: { expect: undefined },
  },
]

for (const { what, listener = {}, sends, sees } of rows) {
  test(`on the way to the upstream, ${what}`, async (t) => {
    const backend = await startBackend(t)
    const proxy = await startInProcess(t, (s, port) =>
      s
        .listener('main', port, { drainTimeout: '0s', ...listener })
        .destination('d', backend.address)
        .forward('r', '/', 'd'),
    )
    const lines = sends.some((line) => line.startsWith('Connection')) ? sends : [...sends, 'Connection: close']
    const answer = await rawExchange(
      proxy.port,
      `GET /x HTTP/1.1\r\nHost: api.example:8443\r\n${lines.join('\r\n')}\r\n\r\nGET /x HTTP/1.0\r\nHost: a\r\n\r\n`,
    )
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/)
    const seen = seenBy(backend)
    for (const [name, wanted] of Object.entries(sees)) {
      const value = seen.get(name)
      if (typeof wanted === 'function') assert.ok(wanted(value), `${name}: ${value}`)
      else assert.equal(value, wanted, name)
    }
  })
}

function seenBy(backend: Backend): Map<string, string> {
  const lines = backend.requests[0]?.rawHeaders ?? []
  const seen = new Map<string, string>()
  for (let at = 0; at < lines.length; at += 2) {
    const name = (lines[at] ?? '').toLowerCase()
    assert.ok(!seen.has(name), `${name} came twice`)
    seen.set(name, lines[at + 1] ?? '')
  }
  return seen
}

test('repeated header lines stay separate and keep their order and spelling', async (t) => {
  const backend = await startBackend(t)
  const proxy = await startInProcess(t, (s) => s.destination('d', backend.address).forward('r', '/', 'd'))
  await rawExchange(proxy.port, 'GET / HTTP/1.0\r\nhost: a\r\nX-B: 2\r\ncookie: a=1\r\nX-a: 1\r\nx-b: 3\r\n\r\n')
  const lines = backend.requests[0]?.rawHeaders ?? []
  assert.deepEqual(lines.slice(lines.indexOf('X-B'), lines.indexOf('X-B') + 8), [
    ...['X-B', '2', 'cookie', 'a=1', 'X-a', '1', 'x-b', '3'],
  ])
})

test('bytes beyond ASCII in header values pass unchanged in both directions', async (t) => {
  const backend = await startBackend(t, {
    handler: (request, response) => {
      response.writeHead(200, ['x-name', request.headers['x-name'] ?? '']).end()
    },
  })
  const proxy = await startInProcess(t, (s) => s.destination('d', backend.address).forward('r', '/', 'd'))
  const name = Buffer.from('Zoë', 'utf8').toString('latin1')
  const answer = await rawExchange(proxy.port, `GET / HTTP/1.0\r\nhost: a\r\nX-Name: ${name}\r\n\r\n`)
  assert.ok(answer.includes(`x-name: ${name}\r\n`), answer)
})

interface AnswerRow {
  readonly what: string
  readonly listener?: object
  readonly upstream: readonly string[]
  readonly expects: readonly RegExp[]
  readonly refuses?: readonly RegExp[]
}

const answerRows: readonly AnswerRow[] = [
  {
    what: 'the name of the listener replaces that of the upstream',
    listener: { serverName: 'v' },
    upstream: ['server', 'n'],
    expects: [/^server: v$/im],
    refuses: [/^server: n$/im],
  },
  { what: 'the name of the upstream passes otherwise', upstream: ['Server', 'n'], expects: [/^Server: n$/m] },
  {
    what: 'hop-by-hop headers stay here, and what Connection names with them',
    upstream: [
      ...['connection', 'x-hop', 'x-hop', '1', 'proxy-authenticate', 'Basic', 'http2-settings', 'AAMAAABk'],
      ...['x-end', '2'],
    ],
    expects: [/^x-end: 2$/m],
    refuses: [/^x-hop/im, /^proxy-authenticate/im, /^http2-settings/im],
  },
  {
    what: 'several cookies stay several',
    upstream: ['set-cookie', 'a=1', 'set-cookie', 'b=2'],
    expects: [/^set-cookie: a=1$/m, /^set-cookie: b=2$/m],
  },
  {
    what: 'Via is added where the listener says so',
    listener: { via: true },
    upstream: [],
    expects: [/^via: 1\.1 vrata$/m],
  },
]

for (const { what, listener = {}, upstream, expects, refuses = [] } of answerRows) {
  test(`on the way to the client, ${what}`, async (t) => {
    const backend = await startBackend(t, {
      handler: (_request, response) => void response.writeHead(200, [...upstream]).end('x'),
    })
    const proxy = await startInProcess(t, (s, port) =>
      s
        .listener('main', port, { drainTimeout: '0s', ...listener })
        .destination('d', backend.address)
        .forward('r', '/', 'd'),
    )
    const answer = (await rawExchange(proxy.port, 'GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')).replaceAll(
      '\r',
      '',
    )
    for (const pattern of expects) assert.match(answer, pattern)
    for (const pattern of refuses) assert.doesNotMatch(answer, pattern)
  })
}

test('the group may ask for a count of attempts', async (t) => {
  const backend = await startBackend(t)
  const proxy = await startInProcess(t, (s) =>
    s
      .destination('d', backend.address)
      .forward('r', '/', 'd')
      .group('g', { name: 'g', routeIds: ['r'], includeAttemptCount: true }),
  )
  await rawExchange(proxy.port, 'GET / HTTP/1.0\r\nhost: a\r\nx-request-attempt-count: 9\r\n\r\n')
  assert.equal(backend.requests[0]?.headers['x-request-attempt-count'], '1')
})
