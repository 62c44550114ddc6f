import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import type { ListenerInput } from '@vrata/model'
import {
  ask,
  eventually,
  oneConnection,
  own,
  rawExchange,
  type Scope,
  slowDownload,
  startBackend,
} from '@vrata/testkit'
import { startInProcess } from '../testing/in-process.ts'
import { openEngine } from './testing/engine.ts'
import { rawClient } from './testing/raw-client.ts'

async function listening(t: Scope, fields: Partial<ListenerInput> = {}) {
  const backend = await startBackend(t, {
    handler: (request, response) => void request.on('end', () => response.end('backend\n')).resume(),
  })
  return startInProcess(t, (s, port) =>
    s
      .listener('main', port, { drainTimeout: '0s', ...fields })
      .respond('r', '/', 'hello')
      .destination('d', backend.address)
      .forward('f', '/forward', 'd'),
  )
}

interface Row {
  readonly what: string
  readonly sends: string
  readonly listener?: Partial<ListenerInput>
  readonly status: number
  readonly error: string
}

const get = 'GET / HTTP/1.1\r\nhost: a\r\n'

const rows: readonly Row[] = [
  { what: 'something that is not HTTP', sends: 'hello\r\n\r\n', status: 400, error: 'bad_request' },
  { what: 'a blank before a colon', sends: `${get}x : 1\r\n\r\n`, status: 400, error: 'bad_request' },
  { what: 'a folded header', sends: `${get}x: 1\r\n 2\r\n\r\n`, status: 400, error: 'bad_request' },
  { what: 'a bare line feed in a value', sends: `${get}x: a\nb: c\r\n\r\n`, status: 400, error: 'bad_request' },
  { what: 'a control character in a value', sends: `${get}x: a\u0001b\r\n\r\n`, status: 400, error: 'bad_request' },
  {
    what: 'both a length and chunks',
    sends: 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    status: 400,
    error: 'bad_request',
  },
  {
    what: 'two lengths',
    sends: 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ncontent-length: 3\r\n\r\nabc',
    status: 400,
    error: 'bad_request',
  },
  { what: 'a tunnel', sends: 'CONNECT a:443 HTTP/1.1\r\nhost: a:443\r\n\r\n', status: 400, error: 'bad_request' },
  { what: 'no Host', sends: 'GET / HTTP/1.1\r\n\r\n', status: 400, error: 'bad_request' },
  { what: 'no Host in HTTP/1.0', sends: 'GET / HTTP/1.0\r\n\r\n', status: 400, error: 'bad_request' },
  {
    what: 'a head of more than a megabyte',
    sends: `${get}x: ${'y'.repeat(1_100_000)}\r\n\r\n`,
    status: 431,
    error: 'request_headers_too_large',
  },
  {
    what: 'headers of 65 KB where 64 are allowed',
    sends: `${get}x: ${'y'.repeat(65 * 1024)}\r\n\r\n`,
    listener: { maxRequestHeadersKB: 64 },
    status: 431,
    error: 'request_headers_too_large',
  },
  {
    what: 'a long target',
    sends: `GET /${'x'.repeat(9000)} HTTP/1.1\r\nhost: a\r\n\r\n`,
    status: 414,
    error: 'uri_too_long',
  },
  {
    what: 'a head that does not come',
    sends: 'GET / HTTP/1.1\r\n',
    listener: { timeouts: { clientHeader: '100ms' } },
    status: 408,
    error: 'request_timeout',
  },
  {
    what: 'a connection on which nothing comes',
    sends: '',
    listener: { timeouts: { clientHeader: '100ms' } },
    status: 408,
    error: 'request_timeout',
  },
  {
    what: 'a body that stops coming',
    sends: 'POST /forward HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc',
    listener: { timeouts: { clientRequest: '100ms' } },
    status: 408,
    error: 'request_timeout',
  },
  {
    what: 'a body that takes too long as a whole',
    sends: 'POST /forward HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc',
    listener: { timeouts: { clientRequestTotal: '100ms' } },
    status: 408,
    error: 'request_timeout',
  },
  {
    what: 'chunks over the limit of the body',
    sends: `POST /forward HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n14\r\n${'x'.repeat(20)}`,
    listener: { limits: { maxBodyBytes: 10 } },
    status: 413,
    error: 'payload_too_large',
  },
  {
    what: 'a malformed chunk',
    sends: 'POST /forward HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
    status: 400,
    error: 'bad_request',
  },
]

for (const { what, sends, listener, status, error } of rows) {
  test(`${what} is answered ${status} ${error} in JSON, and the connection closes`, async (t) => {
    const proxy = await listening(t, listener)
    const answer = await rawExchange(proxy.port, sends)
    const [headers = '', body = ''] = answer.split('\r\n\r\n')
    assert.match(headers, new RegExp(`^HTTP/1\\.1 ${status} `))
    assert.match(headers, /^content-type: application\/json$/im)
    assert.match(headers, /^connection: close$/im)
    assert.equal(JSON.parse(body).error, error)
  })
}

test('own errors carry the name of the listener when it has one, and none else', async (t) => {
  const named = await listening(t, { serverName: 'edge' })
  assert.match(await rawExchange(named.port, 'x\r\n\r\n'), /^server: edge$/im)
  assert.equal((await ask(`${named.url}/%2F`)).headers['server'], 'edge')
  const unnamed = await listening(t)
  assert.doesNotMatch(await rawExchange(unnamed.port, 'x\r\n\r\n'), /^server:/im)
})

test('requests in one packet are answered in their order', async (t) => {
  const proxy = await listening(t)
  const one = 'GET /forward HTTP/1.1\r\nhost: a\r\n\r\n'
  const two = 'GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n'
  const answer = await rawExchange(proxy.port, one + two)
  assert.match(answer, /^HTTP\/1\.1 200 OK[\s\S]*backend\n[\s\S]*HTTP\/1\.1 200 OK[\s\S]*hello$/)
})

test('connections over the limit are told so', async (t) => {
  const proxy = await listening(t, { limits: { maxConnections: 1 } })
  const agent = oneConnection()
  own(t, () => agent.destroy())
  await ask(proxy.url, { agent })
  const second = await rawExchange(proxy.port, '')
  assert.match(second, /^HTTP\/1\.1 503 /)
  assert.match(second, /^retry-after: 1$/im)
  assert.equal((await ask(proxy.url, { agent })).status, 200)
})

test('connections that were refused for their number and do not close count for nobody else', async (t) => {
  const { port, engine, settled } = await openEngine(
    t,
    ({ downstream }) => downstream.answer(200, [], Buffer.from('hello')),
    { limits: { maxConnections: 1 } },
  )
  const first = await rawClient(t, port)
  first.send(`${get}\r\n`)
  await first.until('hello')
  // They hear the end and say nothing of their own, and time stands still.
  const refused = Array.from({ length: 3 }, () => connect({ port, host: '127.0.0.1', allowHalfOpen: true }))
  for (const socket of refused) {
    own(t, () => socket.destroy())
    socket.resume()
    await once(socket, 'end')
  }
  first.socket.destroy()
  await eventually('the first to be gone', () => engine.connections === 3)
  const next = await rawClient(t, port)
  next.send(`${get}\r\n`)
  await next.until('HTTP/1.1 200 OK')
  assert.match(await rawExchange(port, ''), /^HTTP\/1\.1 503 /)
  for (const socket of [...refused, next.socket]) socket.destroy()
  await settled()
})

test('a wish for HTTP/2 in clear text is answered as HTTP/1.1', async (t) => {
  const proxy = await listening(t)
  const upgrade = 'connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n'
  const next = 'GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n'
  const answer = await rawExchange(proxy.port, `GET / HTTP/1.1\r\nhost: a\r\n${upgrade}\r\n${next}`)
  assert.match(answer, /^HTTP\/1\.1 200 OK[\s\S]*helloHTTP\/1\.1 200 OK[\s\S]*hello$/)
})

test('an idle connection is closed when its time is over', async (t) => {
  const proxy = await listening(t, { timeouts: { idleBetweenRequests: '100ms' } })
  const answer = await rawExchange(proxy.port, 'GET / HTTP/1.1\r\nhost: a\r\n\r\n')
  assert.match(answer, /hello$/)
})

test('a client that does not read its answer is cut off, one that reads slowly is not', async (t) => {
  const backend = await startBackend(t, {
    handler: (_request, response) => void response.end(Buffer.alloc(32 * 1024 * 1024)),
  })
  const proxy = await startInProcess(t, (s, port) =>
    s
      .listener('main', port, { drainTimeout: '0s', timeouts: { clientResponse: '300ms' } })
      .destination('d', backend.address)
      .forward('f', '/', 'd'),
  )
  const stalled = connect(proxy.port, '127.0.0.1')
  own(t, () => stalled.destroy())
  stalled.on('error', () => undefined)
  stalled.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
  await once(stalled, 'readable')
  await eventually('it to be cut off', () => proxy.activation.gateway?.exchanges.size === 0)

  // Where this machine stands still, nobody reads either: then once more.
  await eventually('one that reads slowly to have all', async () => {
    const slow = await slowDownload(proxy.url, 16 * 1024 * 1024)
    return (await slow.done) === 32 * 1024 * 1024
  })
})
