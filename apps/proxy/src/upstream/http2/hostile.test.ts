import assert from 'node:assert/strict'
import { once } from 'node:events'
import { constants, createSecureServer, createServer, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import { describe, test } from 'node:test'
import { createSecureContext } from 'node:tls'
import { eventually, own, type Scope, type ScriptedPeer, scriptedUpstream } from '@vrata/testkit'
import { frame, frameFlag, frameType, headers } from '../../listeners/testing/frames.ts'
import { caPem, serverKey, serverPem } from '../../testing/tls-material.ts'
import { call, GivenBody, LiveBody, openPool } from '../../testing/upstream-calls.ts'

const noError = constants.NGHTTP2_NO_ERROR
const http1Required = constants.NGHTTP2_HTTP_1_1_REQUIRED

function code32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

const ok = (stream: number, end = false) => headers(stream, [':status', '200'], end)
const data = (stream: number, text: string, end = false) =>
  frame(frameType.data, end ? frameFlag.endStream : 0, stream, text)
const reset = (stream: number, code: number) => frame(frameType.reset, 0, stream, code32(code))
const goaway = (last: number, code: number) =>
  frame(frameType.goaway, 0, 0, Buffer.concat([code32(last), code32(code)]))
/** SETTINGS with MAX_CONCURRENT_STREAMS (RFC 9113, 6.5.2). */
const mostStreams = (count: number) =>
  frame(frameType.settings, 0, 0, Buffer.concat([Buffer.from([0, 3]), code32(count)]))

/** Reads frames up to the head of the next request, and gives its stream. */
async function nextRequest(peer: ScriptedPeer): Promise<number> {
  for (;;) {
    const head = await peer.readBytes(9)
    await peer.readBytes(head.readUIntBE(0, 3))
    if (head.readUInt8(3) === frameType.headers) return head.readUInt32BE(5)
  }
}

type FrameScript = (peer: ScriptedPeer, connection: number) => Promise<void>

/** An endpoint that writes its frames by hand. */
async function byHand(t: Scope, script: FrameScript, settings = frame(frameType.settings, 0, 0)) {
  const upstream = await scriptedUpstream(t, async (peer, connection) => {
    await peer.readBytes(24)
    await peer.write(settings)
    await script(peer, connection)
  })
  return { upstream, pool: openPool(t, upstream.port, { http2: true }) }
}

describe('a reset without an error', () => {
  test('in the middle of an answer is no end of it', async (t) => {
    const { pool } = await byHand(t, async (peer) => {
      const stream = await nextRequest(peer)
      await peer.write(Buffer.concat([ok(stream), data(stream, 'hel'), reset(stream, noError)]))
      await peer.closed()
    })
    const { failure, body } = await call(pool).outcome
    assert.equal(failure?.reason, 'connection_reset')
    assert.ok('hel'.startsWith(body))
  })

  test('in the same packet as the end of an answer does not harm it, though the request is not read to its end', async (t) => {
    const { pool } = await byHand(t, async (peer) => {
      const stream = await nextRequest(peer)
      const answer = [headers(stream, [':status', '413'], false), data(stream, 'big', true), reset(stream, noError)]
      await peer.write(Buffer.concat(answer))
      await peer.closed()
    })
    const { status, body, failure } = await call(pool, { method: 'POST', body: new LiveBody() }).outcome
    assert.deepEqual([status, body, failure], [413, 'big', undefined])
  })
})

describe('an answer that HTTP/1.1 would not be allowed to give', () => {
  for (const [what, rule, answer] of [
    [
      'interim answers without end',
      'too_many_informational',
      (stream: number) =>
        Buffer.concat(Array.from({ length: 20 }, () => headers(stream, [':status', '103', 'link', '</a>'], false))),
    ],
    ['a status that does not exist', 'status_out_of_range', (stream: number) => headers(stream, [':status', '600'])],
  ] as const) {
    test(`${what}: refused by the same name, and the connection goes on`, async (t) => {
      const { upstream, pool } = await byHand(t, async (peer) => {
        await peer.write(answer(await nextRequest(peer)))
        const second = await nextRequest(peer)
        await peer.write(Buffer.concat([ok(second), data(second, 'ok', true)]))
        await peer.closed()
      })
      const { failure, status } = await call(pool).outcome
      assert.equal(failure?.reason, 'upstream_protocol_error')
      assert.equal(failure.facts.rule, rule)
      assert.equal(status, undefined)
      assert.equal((await call(pool).outcome).body, 'ok')
      assert.equal(upstream.connections, 1)
    })
  }
})

describe('an endpoint that closes its connection', () => {
  const rows: readonly (readonly [what: string, before: (stream: number) => Buffer, rule: string, says: RegExp])[] = [
    ['before an answer', () => Buffer.alloc(0), 'closed_before_response', /closed the connection before it answered/],
    [
      'by GOAWAY before an answer',
      (stream) => goaway(stream, noError),
      'closed_before_response',
      /closed the connection before it answered/,
    ],
    [
      'by GOAWAY in the middle of an answer',
      (stream) => Buffer.concat([ok(stream), data(stream, 'hel'), goaway(stream, noError)]),
      'truncated_body',
      /closed the connection before its answer was complete/,
    ],
  ]
  for (const [what, before, rule, says] of rows) {
    test(`${what}: that is what the failure says`, async (t) => {
      const { pool } = await byHand(t, async (peer) => {
        await peer.write(before(await nextRequest(peer)))
        peer.end()
      })
      const { failure } = await call(pool).outcome
      assert.equal(failure?.reason, 'upstream_protocol_error')
      assert.equal(failure.facts.rule, rule)
      assert.match(failure.message, says)
    })
  }

  test('by GOAWAY with an error: the failure names it', async (t) => {
    const { pool } = await byHand(t, async (peer) => {
      await peer.write(goaway(await nextRequest(peer), constants.NGHTTP2_ENHANCE_YOUR_CALM))
      await peer.closed()
    })
    const { failure } = await call(pool).outcome
    assert.equal(failure?.reason, 'connection_reset')
    assert.match(String(failure.cause), /ENHANCE_YOUR_CALM/)
  })

  test('by GOAWAY with an error that leaves a request out: it is sent again in silence', async (t) => {
    const { upstream, pool } = await byHand(t, async (peer, connection) => {
      const stream = await nextRequest(peer)
      if (connection === 0) await peer.write(goaway(0, constants.NGHTTP2_ENHANCE_YOUR_CALM))
      else await peer.write(Buffer.concat([ok(stream), data(stream, 'ok', true)]))
      await peer.closed()
    })
    const { outcome } = call(pool, { method: 'POST', body: new GivenBody(['x'], 1) })
    assert.equal((await outcome).body, 'ok')
    assert.equal(upstream.connections, 2)
  })
})

test('an endpoint that takes one stream at a time gets more connections, once that is known', async (t) => {
  const together = 5
  const arrived = Promise.withResolvers<void>()
  let waiting = 0
  const { upstream, pool } = await byHand(
    t,
    async (peer, connection) => {
      if (connection === 0) {
        const first = await nextRequest(peer)
        await peer.write(ok(first, true))
      }
      const stream = await nextRequest(peer)
      if (++waiting === together) arrived.resolve()
      await arrived.promise
      await peer.write(Buffer.concat([ok(stream), data(stream, 'ok', true)]))
      await peer.closed()
    },
    mostStreams(1),
  )
  await call(pool).outcome
  await eventually('the stream to be gone', () => pool.load.inFlight === 0)
  const outcomes = await Promise.all(Array.from({ length: together }, () => call(pool).outcome))
  for (const { body } of outcomes) assert.equal(body, 'ok')
  assert.equal(upstream.connections, together)
})

describe('an endpoint that wants HTTP/1.1 for a request', () => {
  /** It refuses every stream; in HTTP/1.1 it gives the body back. */
  async function converting(t: Scope, onStream: (stream: ServerHttp2Stream) => void) {
    const sockets = new Set<Socket>()
    const counts = { streams: 0, requests: 0 }
    const server = createSecureServer({ cert: serverPem, key: serverKey, allowHTTP1: true })
    server.on('secureConnection', (socket) => {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    })
    server.on('stream', (stream) => {
      counts.streams++
      stream.on('error', () => undefined)
      onStream(stream)
    })
    server.on('request', (request, response) => {
      if (request.httpVersion !== '1.1') return
      counts.requests++
      request.pipe(response)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    own(t, async () => {
      server.close()
      await eventually('all sockets to be closed', () => sockets.size === 0)
    })
    const tls = {
      serverName: 'upstream.example.com',
      context: createSecureContext({ ca: caPem }),
      minVersion: 'TLSv1.2',
      maxVersion: undefined,
    } as const
    const { port } = server.address() as AddressInfo
    return { counts, pool: openPool(t, port, { http2: true, dial: { tls } }) }
  }

  const refuse = (stream: ServerHttp2Stream) => stream.close(http1Required)

  test('gets it in that, in silence, with its short body; and so do the next ones', async (t) => {
    const { counts, pool } = await converting(t, refuse)
    const { handler, outcome } = call(pool, { method: 'POST', body: new GivenBody(['hel', 'lo'], 5) })
    assert.equal((await outcome).body, 'hello')
    assert.equal(handler.starts, 2)
    assert.equal((await call(pool, { method: 'POST', body: new GivenBody(['x'], 1) }).outcome).body, 'x')
    assert.deepEqual(counts, { streams: 1, requests: 2 })
    await eventually('the connection of HTTP/2 to be closed', () => pool.load.connections === 1)
  })

  test('gets many at once in that', async (t) => {
    const { counts, pool } = await converting(t, refuse)
    const calls = Array.from({ length: 20 }, () => call(pool, { method: 'POST', body: new GivenBody(['x'], 1) }))
    for (const { outcome } of calls) assert.equal((await outcome).body, 'x')
    assert.equal(counts.requests, 20)
  })

  test('is told of plainly where too much of the body has left', async (t) => {
    const { pool } = await converting(t, (stream) => void stream.once('data', () => refuse(stream)))
    const body = new GivenBody([Buffer.alloc(60_000)], 100_000)
    const { failure } = await call(pool, { method: 'POST', body }).outcome
    assert.equal(failure?.reason, 'upstream_protocol_error')
    assert.match(failure.message, /wants HTTP\/1\.1/)
    assert.equal((await call(pool, { method: 'POST', body: new GivenBody(['x'], 1) }).outcome).body, 'x')
  })

  test('is told of plainly in clear text, where HTTP/2 was not negotiated', async (t) => {
    const { pool } = await byHand(t, async (peer) => {
      await peer.write(reset(await nextRequest(peer), http1Required))
      await peer.closed()
    })
    const { failure } = await call(pool).outcome
    assert.equal(failure?.reason, 'upstream_protocol_error')
    assert.match(failure.message, /wants HTTP\/1\.1/)
  })
})

/** What comes out of a request, with its trailers, at an endpoint that gives them back. */
async function trailersThrough(t: Scope, trailers: readonly string[]): Promise<readonly string[]> {
  const server = createServer()
  server.on('stream', (stream) => {
    const got: string[] = []
    stream.on('trailers', (_headers, _flags, raw: readonly string[]) => got.push(...raw))
    stream.resume()
    stream.on('end', () => {
      stream.respond({ ':status': 200 })
      stream.end(JSON.stringify(got))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  own(t, () => void server.close())
  const pool = openPool(t, (server.address() as AddressInfo).port, { http2: true })
  const body = new GivenBody(['x'], undefined, trailers)
  const outcome = await call(pool, { method: 'POST', body }).outcome
  assert.equal(outcome.failure, undefined)
  return JSON.parse(outcome.body)
}

const trailerRows: readonly (readonly [what: string, sent: readonly string[], got: readonly string[]])[] = [
  ['named like members of objects', ['constructor', '1', 'toString', '2'], ['constructor', '1', 'tostring', '2']],
  ['given twice, where most have one', ['ETag', 'a', 'x', '1', 'ETag', 'b'], ['etag', 'a', 'etag', 'b', 'x', '1']],
  ['that concern a connection or framing', ['Connection', 'x', 'Keep-Alive', '1', 'Host', 'b', 'x', '1'], ['x', '1']],
]

for (const [what, sent, got] of trailerRows) {
  test(`trailers ${what}`, { timeout: 10_000 }, async (t) => {
    assert.deepEqual(await trailersThrough(t, sent), got)
  })
}

test('lines that a client gives twice, where most give one, are for the endpoint to judge', async (t) => {
  const { pool } = await byHand(t, async (peer) => {
    const stream = await nextRequest(peer)
    await peer.write(ok(stream, true))
    await peer.closed()
  })
  const lines = [
    ['User-Agent', 'a'],
    ['User-Agent', 'b'],
    ['constructor', 'c'],
  ] as const
  const { status, failure } = await call(pool, { headers: lines }).outcome
  assert.deepEqual([status, failure], [200, undefined])
})

describe('a request whose client went away in the middle of its body does not look complete', () => {
  for (const length of [undefined, 100]) {
    for (const turns of [0, 1, 2]) {
      test(`length ${length}, ${turns} turns later`, async (t) => {
        const seen: string[] = []
        const { pool } = await byHand(t, async (peer) => {
          const stream = await nextRequest(peer)
          for (let over = false; !over; ) {
            const head = await peer.readBytes(9)
            const payload = await peer.readBytes(head.readUIntBE(0, 3))
            if (head.readUInt32BE(5) !== stream) continue
            const type = head.readUInt8(3)
            over = type === frameType.reset
            if (over) seen.push(`reset ${payload.readUInt32BE(0)}`)
            else if ((head.readUInt8(4) & frameFlag.endStream) !== 0) seen.push('end')
          }
        })
        const body = new LiveBody(length)
        const sent = call(pool, { method: 'PUT', body })
        await eventually('the body to be wanted', () => body.wanted)
        body.send('part')
        for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate)
        sent.call.abort()
        await eventually('the reset', () => seen.at(-1)?.startsWith('reset') === true)
        assert.deepEqual(seen, ['reset 8'])
      })
    }
  }
})

describe('an endpoint that resets a stream without an error, while the request waits for its window, holds nothing', () => {
  const large = Buffer.alloc(200_000)
  const rows: readonly (readonly [what: string, frames: (stream: number) => Buffer[], outcome: (string | number)[]])[] =
    [
      ['before it answers', () => [], ['connection_reset']],
      ['in the middle of its answer', (stream) => [ok(stream), data(stream, 'hel')], [200, 'connection_reset']],
      ['behind a whole answer', (stream) => [ok(stream), data(stream, 'whole', true)], [200, 'whole']],
    ]
  for (const [what, frames, expected] of rows) {
    for (const ended of [false, true]) {
      for (const takes of [true, false]) {
        const how = `${ended ? 'sent by its client' : 'under way'}, ${takes ? 'taken' : 'waiting'}`
        test(`${what}, its request ${how}`, async (t) => {
          const { pool } = await byHand(t, async (peer) => {
            const stream = await nextRequest(peer)
            await peer.readBytes(65_535) // all that its window has room for
            await peer.write(Buffer.concat([...frames(stream), reset(stream, noError)]))
            await peer.closed()
          })
          const body = new LiveBody()
          const sent = call(pool, { method: 'POST', body })
          sent.handler.takes = takes
          await eventually('the body to be wanted', () => body.wanted)
          body.send(large)
          if (ended) body.end()
          if (!takes && expected[0] === 200) {
            await sent.handler.headed
            await new Promise(setImmediate)
            sent.call.resume()
          }
          const { status, failure, body: text } = await sent.outcome
          const seen = [status, failure?.reason ?? text].filter((one) => one !== undefined)
          assert.deepEqual(seen, expected)
          await eventually('the stream to be let go', () => pool.load.inFlight === 0)
        })
      }
    }
  }

  test('an answer that is whole ends the request, though the endpoint neither reads nor resets it', async (t) => {
    const { pool } = await byHand(t, async (peer) => {
      const stream = await nextRequest(peer)
      await peer.readBytes(65_535)
      await peer.write(Buffer.concat([ok(stream), data(stream, 'whole', true)]))
      await peer.closed()
    })
    const body = new LiveBody()
    const sent = call(pool, { method: 'POST', body })
    await eventually('the body to be wanted', () => body.wanted)
    body.send(large)
    body.end()
    assert.equal((await sent.outcome).body, 'whole')
    await eventually('the stream to be let go', () => pool.load.inFlight === 0)
  })
})
