import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  constants,
  createSecureServer,
  createServer,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type Settings,
} from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import { describe, test } from 'node:test'
import { createSecureContext } from 'node:tls'
import { eventually, own, type Scope, scriptedUpstream } from '@vrata/testkit'
import { caPem, serverKey, serverPem } from '../../testing/tls-material.ts'
import { call, GivenBody, LiveBody, openPool, type PoolSettings } from '../../testing/upstream-calls.ts'

type Handle = (stream: ServerHttp2Stream, raw: readonly string[], number: number) => void

/** A server of HTTP/2; `handle` gets each stream with its number, from 0 over all connections. */
async function serve(t: Scope, handle: Handle, settings: Settings = {}, secure = false) {
  const sockets = new Set<Socket>()
  const sessions = new Set<ServerHttp2Session>()
  const counts = { sessions: 0, streams: 0 }
  const server: Http2Server = secure
    ? createSecureServer({ settings, cert: serverPem, key: serverKey, allowHTTP1: true })
    : createServer({ settings })
  const watch = (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  }
  server.on(secure ? 'secureConnection' : 'connection', watch)
  server.on('session', (session) => {
    counts.sessions++
    sessions.add(session)
    session.on('close', () => sessions.delete(session))
    session.on('error', () => undefined)
  })
  server.on('stream', (stream: ServerHttp2Stream, _headers, _flags, raw: readonly string[]) => {
    stream.on('error', () => undefined)
    handle(stream, raw, counts.streams++)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  own(t, async () => {
    server.close()
    await eventually('all sockets to be closed', () => sockets.size === 0)
  })
  return { port: (server.address() as AddressInfo).port, server, sessions, counts, sockets }
}

async function clear(t: Scope, handle: Handle, settings: Settings = {}, pool: PoolSettings = {}) {
  const upstream = await serve(t, handle, settings)
  return { upstream, pool: openPool(t, upstream.port, { http2: true, ...pool }) }
}

const willing: Handle = (stream) => {
  stream.respond({ ':status': 200 })
  stream.end('ok')
}

async function bodyOf(stream: ServerHttp2Stream): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += String(chunk)
  return text
}

describe('messages', () => {
  test('a request as it comes out: pseudo fields, names in lower case, nothing of the connection', async (t) => {
    const seen = Promise.withResolvers<readonly string[]>()
    const { pool } = await clear(t, (stream, raw) => {
      seen.resolve(raw)
      willing(stream, raw, 0)
    })
    const headers = [
      ['X-A', '1'],
      ['x-a', '2'],
      ['Keep-Alive', '5'],
      ['Cookie', 'a=1'],
    ] as const
    const { outcome } = call(pool, { target: '/a?b', host: 'a.example:81', headers, acceptTrailers: true })
    assert.equal((await outcome).body, 'ok')
    assert.deepEqual(
      [...(await seen.promise)],
      [
        ...[':method', 'GET', ':scheme', 'http', ':authority', 'a.example:81', ':path', '/a?b'],
        ...['x-a', '1', 'x-a', '2', 'cookie', 'a=1', 'te', 'trailers'],
      ],
    )
  })

  test('bodies and trailers both ways', async (t) => {
    const { pool } = await clear(t, (stream) => {
      stream.on('trailers', (trailers) => {
        stream.once('wantTrailers', () => stream.sendTrailers({ 'x-back': String(trailers['x-t']) }))
      })
      stream.respond({ ':status': 200, 'content-type': 'text/plain' }, { waitForTrailers: true })
      void bodyOf(stream).then((text) => stream.end(`got ${text}`))
    })
    const body = new GivenBody(['hel', 'lo'], undefined, ['X-T', '7'])
    const { handler, outcome } = call(pool, { method: 'POST', body })
    const { body: answer, trailers } = await outcome
    assert.equal(answer, 'got hello')
    assert.deepEqual(trailers, [['x-back', '7']])
    assert.equal(handler.head?.bodyLength, 'unknown')
    assert.equal(handler.sent, 1)
  })

  test('an answer of gRPC that is trailers only', async (t) => {
    const { pool } = await clear(t, (stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '5' }, { endStream: true })
    })
    const body = new GivenBody(['x'], undefined)
    const { handler, outcome } = call(pool, { method: 'POST', body })
    const { headers, failure } = await outcome
    assert.equal(failure, undefined)
    assert.ok(headers.some(([name, value]) => name === 'grpc-status' && value === '5'))
    assert.equal(handler.head?.bodyLength, 'none')
  })

  const lengths: readonly (readonly [method: string, status: number, fields: object, expected: unknown])[] = [
    ['GET', 200, { 'content-length': 2 }, 2],
    ['HEAD', 200, { 'content-length': 5 }, 5],
    ['GET', 204, {}, 'none'],
    ['GET', 304, { 'content-length': 5 }, 5],
  ]
  for (const [method, status, fields, expected] of lengths) {
    test(`the length of an answer to ${method} with ${status} is ${expected}`, async (t) => {
      const { pool } = await clear(t, (stream) => {
        stream.respond({ ':status': status, ...fields })
        if (method === 'GET' && status === 200) stream.end('ok')
        else stream.end()
      })
      const { handler, outcome } = call(pool, { method })
      assert.equal((await outcome).failure, undefined)
      assert.equal(handler.head?.bodyLength, expected)
    })
  }

  test('interim answers but 100', async (t) => {
    const { pool } = await clear(t, (stream) => {
      stream.additionalHeaders({ ':status': 103, link: '</a>' })
      willing(stream, [], 0)
    })
    const { handler, outcome } = call(pool)
    await outcome
    assert.deepEqual(handler.informed, [[103, [['link', '</a>']]]])
  })

  test('a client that waits for 100 sends its body when the endpoint says so, or after a while', async (t) => {
    for (const says of [true, false]) {
      const { pool } = await clear(
        t,
        (stream, raw) => {
          assert.ok(raw.includes('100-continue'))
          if (says) stream.additionalHeaders({ ':status': 100 })
          void bodyOf(stream).then((text) => {
            stream.respond({ ':status': 200 })
            stream.end(text)
          })
        },
        {},
        { expectContinue: says ? 60_000 : 40 },
      )
      const body = new LiveBody(5)
      const { outcome } = call(pool, { method: 'POST', body, expectContinue: true })
      await eventually('the body to be wanted', () => body.wanted)
      body.send('hello')
      body.end()
      assert.equal((await outcome).body, 'hello')
    }
  })
})

describe('connections', () => {
  test('many requests share one, up to what the endpoint allows', async (t) => {
    const waiting: ServerHttp2Stream[] = []
    const { upstream, pool } = await clear(t, (stream) => waiting.push(stream), { maxConcurrentStreams: 3 })
    const first = call(pool)
    await eventually('the first to be there', () => waiting.length === 1)
    const others = Array.from({ length: 5 }, () => call(pool))
    await eventually('all to be there', () => waiting.length === 6)
    assert.equal(upstream.counts.sessions, 2)
    assert.equal(pool.load.inFlight, 6)
    for (const stream of waiting) willing(stream, [], 0)
    for (const { outcome } of [first, ...others]) assert.equal((await outcome).body, 'ok')
    await eventually('all streams to be closed', () => pool.load.inFlight === 0)
    assert.deepEqual(pool.load, { inFlight: 0, idle: 2, waiting: 0, connections: 2 })
  })

  test('who waits is served as streams end', async (t) => {
    const waiting: ServerHttp2Stream[] = []
    const { upstream, pool } = await clear(t, (stream) => waiting.push(stream), { maxConcurrentStreams: 1 })
    pool.setLimit(1)
    const calls = Array.from({ length: 4 }, () => call(pool, {}, 10_000))
    for (let count = 1; count <= 4; count++) {
      await eventually(`${count} to be there`, () => waiting.length >= count)
      const stream = waiting[count - 1]
      if (stream !== undefined) willing(stream, [], 0)
    }
    for (const { outcome } of calls) assert.equal((await outcome).body, 'ok')
    assert.equal(upstream.counts.sessions, 1)
  })

  test('one burst opens one connection', async (t) => {
    const { upstream, pool } = await clear(t, willing)
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => call(pool).outcome))
    for (const { body } of outcomes) assert.equal(body, 'ok')
    assert.equal(upstream.counts.sessions, 1)
  })

  test('an idle one is closed after its time', async (t) => {
    const { pool } = await clear(t, willing, {}, { idle: 50 })
    await call(pool).outcome
    await eventually('it to be closed', () => pool.load.connections === 0)
  })

  test('by TLS, where ALPN chooses', async (t) => {
    const upstream = await serve(t, willing, {}, true)
    const tls = tlsTo()
    const pool = openPool(t, upstream.port, { http2: true, dial: { tls } })
    assert.equal((await call(pool).outcome).body, 'ok')
    assert.equal(upstream.counts.sessions, 1)
  })

  test('by TLS to an endpoint that speaks HTTP/1.1 only', async (t) => {
    const upstream = await serve(t, () => assert.fail('no stream'), {}, true)
    upstream.server.removeAllListeners('stream')
    upstream.server.on('request', (_request, response) => response.end('one'))
    const tls = tlsTo()
    const pool = openPool(t, upstream.port, { http2: false, dial: { tls } })
    assert.equal((await call(pool).outcome).body, 'one')
    assert.equal(upstream.counts.sessions, 0)
    const { createServer: createHttps } = await import('node:https')
    const old = createHttps({ cert: serverPem, key: serverKey }, (_request, response) => response.end('one'))
    old.listen(0, '127.0.0.1')
    await once(old, 'listening')
    own(t, () => {
      old.close()
      old.closeAllConnections()
    })
    const either = openPool(t, (old.address() as AddressInfo).port, { http2: true, dial: { tls } })
    const outcomes = await Promise.all([1, 2, 3].map(() => call(either).outcome))
    for (const { body } of outcomes) assert.equal(body, 'one')
    assert.equal(either.load.idle, either.load.connections)
  })
})

function tlsTo() {
  const context = createSecureContext({ ca: caPem })
  return { serverName: 'upstream.example.com', context, minVersion: 'TLSv1.2', maxVersion: undefined } as const
}

describe('an endpoint that leaves', () => {
  test('GOAWAY: streams that are open end in peace, new ones go over a new connection', async (t) => {
    const streams: ServerHttp2Stream[] = []
    const { upstream, pool } = await clear(t, (stream, raw, number) => {
      if (number > 0) return willing(stream, raw, number)
      stream.respond({ ':status': 200 })
      stream.write('hel')
      streams.push(stream)
    })
    const first = call(pool)
    await eventually('a piece', () => first.handler.received === 3)
    for (const session of upstream.sessions) session.close()
    await eventually(
      'it to take no more',
      () => pool.load.connections === 1 && [...upstream.sessions].some((s) => s.closed),
    )
    await eventually(
      'a request over another one',
      async () => (await call(pool).outcome).body === 'ok' && upstream.counts.sessions === 2,
    )
    streams[0]?.end('lo')
    assert.equal((await first.outcome).body, 'hello')
    await eventually('the first one to be closed', () => pool.load.connections === 1)
  })

  test('GOAWAY that leaves a stream out: it is sent again in silence, its short body too', async (t) => {
    const { upstream, pool } = await clear(t, (stream, _raw, number) => {
      if (number === 1) {
        stream.session?.goaway(constants.NGHTTP2_NO_ERROR, (stream.id ?? 1) - 2)
        return
      }
      void bodyOf(stream).then((text) => {
        stream.respond({ ':status': 200 })
        stream.end(text)
      })
    })
    await call(pool).outcome
    const body = new GivenBody(['hel', 'lo'], undefined)
    const { handler, outcome } = call(pool, { method: 'POST', body })
    assert.equal((await outcome).body, 'hello')
    assert.equal(handler.starts, 2)
    assert.equal(upstream.counts.sessions, 2)
  })

  test('REFUSED_STREAM: sent again in silence, once', async (t) => {
    for (const [refusals, succeeds] of [
      [1, true],
      [2, false],
    ] as const) {
      const { pool } = await clear(t, (stream, raw, number) => {
        if (number < refusals) stream.close(constants.NGHTTP2_REFUSED_STREAM)
        else willing(stream, raw, number)
      })
      const { handler, outcome } = call(pool, { method: 'POST', body: new GivenBody(['x'], 1) })
      const { body, failure } = await outcome
      assert.equal(handler.starts, 2)
      if (succeeds) assert.equal(body, 'ok')
      else assert.equal(failure?.reason, 'connection_reset')
      await eventually('nothing to be in flight', () => pool.load.inFlight === 0)
    }
  })

  test('REFUSED_STREAM after a long body has begun is told', async (t) => {
    const { pool } = await clear(t, (stream) => {
      stream.once('data', () => stream.close(constants.NGHTTP2_REFUSED_STREAM))
    })
    const body = new GivenBody([Buffer.alloc(60_000)], 100_000)
    const { handler, outcome } = call(pool, { method: 'PUT', body })
    assert.equal((await outcome).failure?.reason, 'connection_reset')
    assert.equal(handler.starts, 1)
  })

  test('an answer that ends without its request being read to its end', async (t) => {
    const { pool } = await clear(t, (stream) => {
      stream.respond({ ':status': 413 })
      stream.end('big', () => stream.close(constants.NGHTTP2_NO_ERROR))
    })
    const body = new LiveBody()
    const { outcome } = call(pool, { method: 'POST', body })
    const { status, body: answer, failure } = await outcome
    assert.deepEqual([status, answer, failure], [413, 'big', undefined])
    await eventually('the stream to be gone', () => pool.load.inFlight === 0)
    assert.ok(!body.wanted)
  })

  test('a connection that breaks under several streams', async (t) => {
    const { upstream, pool } = await clear(t, (stream, _raw, number) => {
      if (number > 0) stream.respond({ ':status': 200 })
      if (number === 2) for (const socket of upstream.sockets) socket.resetAndDestroy()
    })
    const outcomes = await Promise.all([1, 2, 3].map(() => call(pool).outcome))
    for (const { failure } of outcomes) assert.equal(failure?.reason, 'connection_reset')
    await eventually('it to be forgotten', () => pool.load.connections === 0)
  })

  test('a used connection that breaks before an answer: requests that may be repeated are', async (t) => {
    const { upstream, pool } = await clear(t, (stream, raw, number) => {
      if (number === 1) for (const socket of upstream.sockets) socket.resetAndDestroy()
      else willing(stream, raw, number)
    })
    await call(pool).outcome
    const { handler, outcome } = call(pool)
    assert.equal((await outcome).body, 'ok')
    assert.equal(handler.starts, 2)
    assert.equal(upstream.counts.sessions, 2)
  })

  test('something that is not HTTP/2', async (t) => {
    const upstream = await scriptedUpstream(t, async (peer) => {
      await peer.readBytes(24)
      await peer.write('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n')
      await peer.closed()
    })
    const pool = openPool(t, upstream.port, { http2: true })
    const { failure } = await call(pool).outcome
    assert.equal(failure?.reason, 'upstream_protocol_error')
    await eventually('it to be forgotten', () => pool.load.connections === 0)
  })

  test('a request that is taken back resets its stream alone', async (t) => {
    const closed = Promise.withResolvers<number>()
    const { upstream, pool } = await clear(t, (stream, raw, number) => {
      if (number > 0) return willing(stream, raw, number)
      stream.on('close', () => closed.resolve(stream.rstCode ?? -1))
      stream.respond({ ':status': 200 })
      stream.write('hel')
    })
    const { handler, call: sent } = call(pool)
    await eventually('a piece', () => handler.received === 3)
    sent.abort()
    assert.equal(await closed.promise, constants.NGHTTP2_CANCEL)
    assert.equal((await call(pool).outcome).body, 'ok')
    assert.equal(upstream.counts.sessions, 1)
    await eventually('nothing to be in flight', () => pool.load.inFlight === 0)
  })
})

describe('flow', () => {
  test('an endpoint whose window is small makes the source wait', async (t) => {
    const go = Promise.withResolvers<void>()
    const total = 4 * 1_048_576
    const { pool } = await clear(
      t,
      (stream) => {
        stream.pause()
        void go.promise.then(async () => {
          let size = 0
          for await (const chunk of stream) size += (chunk as Buffer).length
          stream.respond({ ':status': 200 })
          stream.end(String(size))
        })
      },
      { initialWindowSize: 65_535 },
    )
    const body = new GivenBody(
      Array.from({ length: total / 16_384 }, () => Buffer.alloc(16_384)),
      total,
    )
    const { outcome } = call(pool, { method: 'POST', body })
    await eventually('the source to be stopped', () => body.paused > 0)
    go.resolve()
    assert.equal((await outcome).body, String(total))
  })

  test('a client that does not read holds up its own stream, not the others', async (t) => {
    const total = 16 * 1_048_576
    let written = 0
    const { upstream, pool } = await clear(t, (stream, raw, number) => {
      if (number > 0) return willing(stream, raw, number)
      stream.respond({ ':status': 200 })
      const pump = () => {
        while (written < total) {
          written += 65_536
          if (!stream.write(Buffer.alloc(65_536))) return void stream.once('drain', pump)
        }
        stream.end()
      }
      pump()
    })
    const { handler, call: sent, outcome } = call(pool)
    handler.takes = false
    await eventually('a piece', () => handler.received > 0)
    const taken = [-1, -1]
    await eventually('the endpoint to be stopped', () => taken.push(written) > 0 && taken.at(-1) === taken.at(-3), {
      every: 30,
    })
    assert.ok(written < total / 4, `${written} bytes are on their way`)
    for (let times = 0; times < 5; times++) assert.equal((await call(pool).outcome).body, 'ok')
    assert.equal(upstream.counts.sessions, 1)
    handler.takes = true
    sent.resume()
    assert.equal((await outcome).body.length, total)
  })
})
