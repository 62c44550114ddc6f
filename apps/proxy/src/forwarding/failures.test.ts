import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { DestinationInput, RouteInput } from '@vrata/model'
import { ask, freePort, own, type Scope, type SnapshotBuilder, scriptedUpstream } from '@vrata/testkit'
import { systemClock } from '../clock.ts'
import { recordingLogger, startInProcess } from '../testing/in-process.ts'

type Timeouts = NonNullable<NonNullable<DestinationInput['options']>['timeouts']>

interface Row {
  readonly what: string
  /** Gives the address to forward to. */
  readonly upstream: (t: Scope) => Promise<string>
  readonly timeouts?: Timeouts
  readonly options?: DestinationInput['options']
  readonly forward?: NonNullable<RouteInput['forward']>['timeouts']
  readonly status: number
  readonly error: string
  readonly reason?: string
}

const closedPort = async () => `127.0.0.1:${await freePort()}`

/**
 * A port whose queue of connections is full and that nobody empties: the thread that listens sleeps. Attempts to
 * connect hang.
 */
async function blackHole(t: Scope): Promise<string> {
  const listener = new Worker(
    `const { createServer } = require('node:net')
     const { parentPort } = require('node:worker_threads')
     const server = createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
       parentPort.postMessage(server.address().port)
       Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0) // at once: it must accept nobody
     })`,
    { eval: true },
  )
  own(t, () => listener.terminate())
  const [port] = await once(listener, 'message')
  for (let filling = 0; filling < 3; filling++) {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined)
    own(t, () => socket.destroy())
    await Promise.race([once(socket, 'connect'), wait(100)])
  }
  return `127.0.0.1:${port}`
}

const plain = async (t: Scope) => {
  const server = createServer((socket) => socket.on('error', () => socket.destroy()).resume())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  own(t, () => server.close())
  const address = server.address()
  return `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
}

/** The request may be given up before it is sent. */
const silent = async (t: Scope) => (await scriptedUpstream(t, async (peer) => void (await peer.readToEnd()))).address

/** Knows no name, whatever the name servers of this machine say. */
const dns = {
  resolver: { resolve: () => Promise.reject(Object.assign(new Error('not found'), { code: 'ENOTFOUND' })) },
  clock: systemClock,
  log: recordingLogger().log,
  random: Math.random,
}

const rows: readonly Row[] = [
  { what: 'a closed port', upstream: closedPort, status: 502, error: 'connection_refused' },
  {
    what: 'a closed port, although a request timeout is set',
    upstream: closedPort,
    forward: { request: '5s' },
    status: 502,
    error: 'connection_refused',
  },
  {
    what: 'a name that does not resolve',
    upstream: async () => 'does-not-exist.invalid:80',
    status: 502,
    error: 'dns_failure',
  },
  {
    what: 'a host that swallows connection attempts',
    upstream: blackHole,
    timeouts: { connect: '50ms' },
    status: 504,
    error: 'timeout',
    reason: 'connect',
  },
  {
    what: 'a head that comes too late',
    upstream: silent,
    timeouts: { responseHeader: '50ms' },
    status: 504,
    error: 'timeout',
    reason: 'first_byte',
  },
  {
    what: 'an exchange that takes longer than the route allows',
    upstream: silent,
    forward: { request: '50ms' },
    status: 504,
    error: 'timeout',
    reason: 'request',
  },
  {
    what: 'an exchange that takes longer than the destination allows, which is less than the route does',
    upstream: silent,
    timeouts: { request: '50ms' },
    forward: { request: '5m' },
    status: 504,
    error: 'timeout',
    reason: 'request',
  },
  {
    what: 'silence where no head is waited for otherwise',
    upstream: silent,
    timeouts: { responseHeader: '0s' },
    forward: { idle: '50ms' },
    status: 504,
    error: 'timeout',
    reason: 'idle',
  },
  {
    what: 'a backend that closes without an answer',
    upstream: async (t) =>
      (
        await scriptedUpstream(t, async (peer) => {
          await peer.requestHead()
          peer.end()
        })
      ).address,
    status: 502,
    error: 'upstream_protocol_error',
    reason: 'closed_before_response',
  },
  {
    what: 'a reset before the head',
    upstream: async (t) =>
      (
        await scriptedUpstream(t, async (peer) => {
          await peer.requestHead()
          peer.reset()
        })
      ).address,
    status: 502,
    error: 'connection_reset',
  },
  {
    what: 'a reset in the middle of the head',
    upstream: async (t) =>
      (
        await scriptedUpstream(t, async (peer) => {
          await peer.requestHead()
          await peer.write('HTTP/1.1 200 OK\r\ncontent-le')
          peer.reset()
        })
      ).address,
    status: 502,
    error: 'connection_reset',
  },
  {
    what: 'something that is not HTTP',
    upstream: async (t) =>
      (
        await scriptedUpstream(t, async (peer) => {
          await peer.requestHead()
          await peer.write('SSH-2.0-OpenSSH_9.2\r\n')
          await peer.closed()
        })
      ).address,
    status: 502,
    error: 'upstream_protocol_error',
    reason: 'version_malformed',
  },
  {
    what: 'a head without an end',
    upstream: async (t) =>
      (
        await scriptedUpstream(t, async (peer) => {
          await peer.requestHead()
          await peer.write(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(300_000)}`).catch(() => undefined) // refused before all is written
          await peer.closed()
        })
      ).address,
    status: 502,
    error: 'upstream_protocol_error',
    reason: 'head_too_large',
  },
  {
    what: 'a change of protocol that nobody asked for',
    upstream: async (t) =>
      (
        await scriptedUpstream(t, async (peer) => {
          await peer.requestHead()
          await peer.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n')
          await peer.closed()
        })
      ).address,
    status: 502,
    error: 'upstream_protocol_error',
    reason: 'unexpected_switch',
  },
  {
    what: 'clear text where TLS is expected',
    upstream: async (t) =>
      (
        await scriptedUpstream(t, async (peer) => {
          await peer.readBytes(5)
          await peer.write('HTTP/1.1 400 Bad Request\r\n\r\n')
          await peer.closed()
        })
      ).address,
    options: { tls: { mode: 'tls' } },
    status: 502,
    error: 'tls_handshake_failure',
  },
  {
    what: 'a TLS handshake that never ends',
    upstream: plain,
    options: { tls: { mode: 'tls' } },
    timeouts: { tlsHandshake: '50ms' },
    status: 502,
    error: 'tls_handshake_failure',
  },
]

for (const { what, upstream, timeouts = {}, options = {}, forward = {}, status, error, reason } of rows) {
  test(`${what}: ${status} ${error}${reason === undefined ? '' : ` (${reason})`}`, async (t) => {
    const address = await upstream(t)
    const proxy = await startInProcess(t, route(address, { ...options, timeouts }, forward), { gateway: { dns } })
    const answer = await ask(proxy.url)
    const body = JSON.parse(answer.body)
    assert.equal(body.error, error, answer.body)
    assert.equal(answer.status, status)
    assert.equal(body.reason, reason)
    assert.ok(!answer.body.includes(address), 'the standard level shows no address')
  })
}

function route(
  address: string,
  options: NonNullable<DestinationInput['options']>,
  timeouts: NonNullable<NonNullable<RouteInput['forward']>['timeouts']> = {},
  listener: object = {},
) {
  return (s: SnapshotBuilder, port: number) =>
    s
      .listener('main', port, { drainTimeout: '0s', ...listener })
      .destination('d', address, { options })
      .route('r', { name: 'r', match: {}, forward: { destinations: [{ destinationId: 'd' }], timeouts } })
}

for (const [detail, keys] of [
  ['minimal', ['error', 'status']],
  ['standard', ['error', 'status', 'message']],
  ['full', ['error', 'status', 'message', 'destination', 'endpoint', 'timestamp', 'cause', 'requestId', 'traceId']],
] as const) {
  test(`at level ${detail} an error tells ${keys.join(', ')}`, async (t) => {
    const address = await closedPort()
    const proxy = await startInProcess(t, route(address, {}, {}, { proxyErrors: { detail } }))
    const answer = await ask(proxy.url)
    assert.deepEqual(Object.keys(JSON.parse(answer.body)), keys)
    assert.ok(answer.body.endsWith('\n'))
    assert.equal(answer.headers['content-type'], 'application/json')
    if (detail !== 'full') assert.ok(!answer.body.includes('127.0.0.1'), answer.body)
    else {
      const { destination, endpoint, timestamp, cause } = JSON.parse(answer.body)
      assert.equal(destination, 'd')
      assert.equal(endpoint, address)
      assert.match(timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
      assert.match(cause, /ECONNREFUSED/)
    }
  })
}

test('nothing matches: 404 no_route', async (t) => {
  const proxy = await startInProcess(t, (s) => s.respond('r', '/a', 'x'))
  const answer = await ask(`${proxy.url}/b`)
  assert.equal(answer.status, 404)
  assert.deepEqual(JSON.parse(answer.body), { error: 'no_route', status: 404, message: 'no matching route' })
})

test('a host that the listener is not for: 404 no_route', async (t) => {
  const proxy = await startInProcess(t, (s, port) =>
    s.listener('main', port, { hostnames: ['*.example.com'], drainTimeout: '0s' }).respond('r', '/', 'x'),
  )
  assert.equal((await ask(proxy.url, { headers: { host: 'a.example.com' } })).status, 200)
  assert.equal((await ask(proxy.url, { headers: { host: 'example.com' } })).status, 404)
})

test('a gRPC client is told in the form it reads', async (t) => {
  const proxy = await startInProcess(t, route(await closedPort(), {}))
  const headers = { 'content-type': 'application/grpc+proto' }
  const answer = await ask(proxy.url, { method: 'POST', headers })
  assert.equal(answer.status, 200)
  assert.equal(answer.headers['grpc-status'], '14')
  assert.equal(answer.headers['grpc-message'], 'the upstream could not be connected')
  const web = await ask(proxy.url, { method: 'POST', headers: { 'content-type': 'application/grpc-web' } })
  assert.equal(web.status, 502)
})

test('a full pool makes requests wait, and 503 with a hint follows when it takes too long', async (t) => {
  const arrived = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  const upstream = await scriptedUpstream(t, async (peer) => {
    await peer.requestHead()
    arrived.resolve()
    await go.promise
    await peer.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
    await peer.closed()
  })
  const proxy = await startInProcess(t, route(upstream.address, { maxConnsPerHost: 1 }, { queue: '50ms' }))
  const first = ask(proxy.url)
  await arrived.promise
  const second = await ask(proxy.url)
  assert.equal(second.status, 503)
  assert.equal(JSON.parse(second.body).error, 'overloaded')
  assert.equal(second.headers['retry-after'], '1')
  go.resolve()
  assert.equal((await first).status, 200)
  assert.equal(upstream.connections, 1)
})

test('a request that waited for a connection is sent when one is free', async (t) => {
  const upstream = await scriptedUpstream(t, async (peer) => {
    for (let at = 0; at < 3; at++) {
      const head = await peer.requestHead()
      await peer.write(`HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n${head.slice(4, 6)}`)
    }
    await peer.closed()
  })
  const proxy = await startInProcess(t, route(upstream.address, { maxConnsPerHost: 1 }))
  const answers = await Promise.all(['/1', '/2', '/3'].map((path) => ask(proxy.url + path)))
  assert.deepEqual(
    answers.map(({ body }) => body),
    ['/1', '/2', '/3'],
  )
  assert.equal(upstream.connections, 1)
})
