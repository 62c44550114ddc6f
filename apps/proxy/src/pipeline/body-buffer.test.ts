import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import {
  ask,
  type Backend,
  eventually,
  type Handler,
  oneConnection,
  own,
  rawExchange,
  startBackend,
} from '@vrata/testkit'
import { startInProcess } from '../testing/in-process.ts'

/** A route that an expression over the body decides about, in front of one that takes all. */
async function judged(t: Parameters<typeof startBackend>[0], cel: string, celBodyMaxSize: number) {
  const handler: Handler = (request, response) => void request.on('end', () => response.end())
  const backend = await startBackend(t, { handler })
  const proxy = await startInProcess(
    t,
    (s) =>
      s
        .destination('d', backend.address)
        .route('judged', {
          name: 'judged',
          match: { cel },
          forward: { destinations: [{ destinationId: 'd' }], rewrite: { fullPath: '/judged' } },
        })
        .forward('other', '/', 'd'),
    { gateway: { celBodyMaxSize, onMistake: (thrown) => assert.fail(String(thrown)) } },
  )
  return { backend, proxy }
}

async function last(backend: Backend) {
  const request = backend.requests.at(-1)
  return { url: request?.url, body: (await request?.body)?.toString() }
}

const json = { 'content-type': 'application/json' }

interface Row {
  readonly what: string
  readonly cel: string
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
  readonly limit?: number
  readonly matches: boolean
}

const rows: readonly Row[] = [
  { what: 'a number in JSON', cel: 'request.body.json.n > 3', body: '{"n":4}', headers: json, matches: true },
  {
    what: 'JSON of another type name',
    cel: 'request.body.json.n > 3',
    body: '{"n":4}',
    headers: { 'content-type': 'application/problem+JSON; charset=utf-8' },
    matches: true,
  },
  { what: 'JSON that does not say so', cel: 'has(request.body.json)', body: '{"n":4}', matches: false },
  { what: 'the text', cel: 'request.body.raw.contains("needle")', body: 'hay needle hay', matches: true },
  { what: 'an empty body', cel: 'request.body.raw == ""', body: '', matches: true },
  {
    what: 'a body of exactly the limit',
    cel: 'request.body.json.n > 3',
    body: '{"n":4}',
    headers: json,
    limit: 7,
    matches: true,
  },
  {
    what: 'JSON over the limit',
    cel: 'has(request.body.json)',
    body: '{"n":44}',
    headers: json,
    limit: 7,
    matches: false,
  },
  {
    what: 'text over the limit, cut off',
    cel: 'request.body.raw == "0123456"',
    body: '0123456789',
    limit: 7,
    matches: true,
  },
  { what: 'any body when access is off', cel: 'has(request.body)', body: 'x', limit: 0, matches: false },
]

for (const { what, cel, body, headers = {}, limit = 65_536, matches } of rows) {
  for (const framing of ['a length', 'chunks']) {
    test(`an expression sees ${what}, framed by ${framing}, and the upstream gets all of it`, async (t) => {
      const { backend, proxy } = await judged(t, cel, limit)
      const framed: Record<string, string> =
        framing === 'chunks' ? { 'transfer-encoding': 'chunked', ...headers } : { ...headers }
      assert.equal((await ask(`${proxy.url}/x`, { method: 'POST', headers: framed, body })).status, 200)
      assert.deepEqual(await last(backend), { url: matches ? '/judged' : '/x', body })
    })
  }
}

test('a large body behind a small limit arrives byte for byte', async (t) => {
  const { backend, proxy } = await judged(t, 'request.body.raw.startsWith("begin")', 1000)
  const body = `begin${'0123456789'.repeat(500_000)}end`
  assert.equal((await ask(`${proxy.url}/x`, { method: 'POST', body })).status, 200)
  const { url, body: got } = await last(backend)
  assert.equal(url, '/judged')
  assert.ok(got === body)
})

test('a request without a body is not waited for', async (t) => {
  const { backend, proxy } = await judged(t, 'request.body.raw == ""', 1000)
  await ask(`${proxy.url}/x`)
  assert.equal((await last(backend)).url, '/judged')
})

test('a client that goes away while its body is read is forgotten', async (t) => {
  const { backend, proxy } = await judged(t, 'request.body.raw == ""', 1000)
  const client = connect(proxy.port, '127.0.0.1')
  client.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc')
  await eventually('the request to arrive', () => proxy.activation.gateway?.exchanges.size === 1)
  client.destroy()
  await once(client, 'close')
  await eventually('the exchange to end', () => proxy.activation.gateway?.exchanges.size === 0)
  assert.equal(backend.requests.length, 0)
})

test('a body that stops coming while it is read is answered 408', async (t) => {
  const { backend } = await judged(t, 'request.body.raw == ""', 1000)
  const proxy = await startInProcess(t, (s, port) =>
    s
      .listener('main', port, { drainTimeout: '0s', timeouts: { clientRequest: '100ms' } })
      .destination('d', backend.address)
      .route('r', {
        name: 'r',
        match: { cel: 'request.body.raw == ""' },
        forward: { destinations: [{ destinationId: 'd' }] },
      }),
  )
  const answer = await rawExchange(proxy.port, 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc')
  assert.match(answer, /^HTTP\/1\.1 408 /)
})

test('a route that answers itself after looking at a body leaves the connection usable', async (t) => {
  const proxy = await startInProcess(t, (s) =>
    s.route('r', {
      name: 'r',
      match: { cel: 'request.body.raw.size() > 0' },
      directResponse: { status: 200, body: 'seen' },
    }),
  )
  const agent = oneConnection()
  own(t, () => agent.destroy())
  for (const body of ['x', 'y'.repeat(30_000), 'z']) {
    assert.equal((await ask(proxy.url, { method: 'POST', body, agent })).body, 'seen')
  }
  assert.equal(proxy.activation.listeners.connections, 1)
})
