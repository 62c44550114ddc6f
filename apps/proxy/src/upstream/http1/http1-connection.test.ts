import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { eventually, type ScriptedPeer, scriptedUpstream } from '@vrata/testkit'
import { Failure } from '../../failure/failure.ts'
import { call, GivenBody, LiveBody, openPool, type RequestInit } from '../../testing/upstream-calls.ts'

const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

describe('what is written', () => {
  const rows: readonly (readonly [what: string, init: () => RequestInit, wire: string])[] = [
    [
      'a request without a body',
      () => ({ target: '/a?b=c', headers: [['X-A', '1']] }),
      'GET /a?b=c HTTP/1.1\r\nhost: a.example\r\nX-A: 1\r\n\r\n',
    ],
    [
      'one that accepts trailers',
      () => ({ acceptTrailers: true }),
      'GET / HTTP/1.1\r\nhost: a.example\r\nte: trailers\r\nconnection: te\r\n\r\n',
    ],
    [
      'a POST without a body',
      () => ({ method: 'POST', length: 0 }),
      'POST / HTTP/1.1\r\nhost: a.example\r\ncontent-length: 0\r\n\r\n',
    ],
    [
      'a body that is at hand',
      () => ({ method: 'POST', body: new GivenBody(['hello'], 5) }),
      'POST / HTTP/1.1\r\nhost: a.example\r\ncontent-length: 5\r\n\r\nhello',
    ],
    [
      'a body in pieces',
      () => ({ method: 'POST', body: new GivenBody(['hel', 'lo'], 5) }),
      'POST / HTTP/1.1\r\nhost: a.example\r\ncontent-length: 5\r\n\r\nhello',
    ],
    [
      'a body of unknown length',
      () => ({ method: 'POST', body: new GivenBody(['hello'], undefined) }),
      'POST / HTTP/1.1\r\nhost: a.example\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    ],
    [
      'an empty body of unknown length',
      () => ({ method: 'POST', body: new GivenBody([], undefined) }),
      'POST / HTTP/1.1\r\nhost: a.example\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    [
      'trailers, without those that must not be any',
      () => ({
        method: 'POST',
        body: new GivenBody(['a', 'b'], undefined, ['X-T', '1', 'Content-Length', '9', 'TE', 'x', 'Cookie', 'c']),
      }),
      'POST / HTTP/1.1\r\nhost: a.example\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\nX-T: 1\r\n\r\n',
    ],
    [
      'trailers behind a single piece',
      () => ({ method: 'POST', body: new GivenBody(['a'], undefined, ['X-T', '1']) }),
      'POST / HTTP/1.1\r\nhost: a.example\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-T: 1\r\n\r\n',
    ],
  ]
  for (const [what, init, wire] of rows) {
    test(what, async (t) => {
      const got = Promise.withResolvers<string>()
      const upstream = await scriptedUpstream(t, async (peer) => {
        got.resolve((await peer.readBytes(wire.length)).toString('latin1'))
        await peer.write(ok)
        await peer.closed()
        assert.equal(peer.unread, 0)
      })
      const { handler, outcome } = call(openPool(t, upstream.port), init())
      assert.equal((await outcome).body, 'ok')
      assert.equal(await got.promise, wire)
      assert.deepEqual([handler.starts, handler.sent], [1, 1])
    })
  }

  test('a head and a small body leave in one write', async (t) => {
    const upstream = await scriptedUpstream(t, async (peer) => {
      peer.socket.once('data', (bytes) => assert.match(bytes.toString('latin1'), /\r\n\r\n4\r\nbody\r\n0\r\n\r\n$/))
      await peer.requestHead()
      await peer.write(ok)
      await peer.closed()
    })
    const body = new GivenBody(['body'], undefined)
    assert.equal((await call(openPool(t, upstream.port), { method: 'POST', body }).outcome).body, 'ok')
  })
})

describe('what is read', () => {
  const answers: readonly (readonly [method: string, answer: string, body: string, length: unknown])[] = [
    ['HEAD', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n', '', 5],
    ['HEAD', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', '', 'unknown'],
    ['GET', 'HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n', '', 5],
    ['GET', 'HTTP/1.1 204 No Content\r\n\r\n', '', 'none'],
    ['GET', 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n', '', 0],
    ['GET', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n', '', 'unknown'],
  ]
  for (const [method, answer, body, length] of answers) {
    test(`${method} answered by ${JSON.stringify(answer)}, and the connection is used again`, async (t) => {
      const upstream = await scriptedUpstream(t, async (peer) => {
        for (let times = 0; times < 2; times++) {
          await peer.requestHead()
          await peer.write(answer)
        }
        await peer.closed()
      })
      const pool = openPool(t, upstream.port)
      for (let times = 0; times < 2; times++) {
        const { handler, outcome } = call(pool, { method })
        const { failure, body: read } = await outcome
        assert.equal(failure, undefined)
        assert.equal(read, body)
        assert.equal(handler.head?.bodyLength, length)
      }
      assert.equal(upstream.connections, 1)
    })
  }

  test('a body that only the end delimits', async (t) => {
    const upstream = await scriptedUpstream(t, async (peer) => {
      await peer.requestHead()
      await peer.write('HTTP/1.1 200 OK\r\n\r\nhel')
      await peer.write('lo')
      peer.end()
    })
    const pool = openPool(t, upstream.port)
    assert.equal((await call(pool).outcome).body, 'hello')
    await eventually('the connection to be closed', () => pool.load.connections === 0)
  })

  test('interim answers but 100, and trailers', async (t) => {
    const upstream = await scriptedUpstream(t, async (peer) => {
      await peer.requestHead()
      await peer.write('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n')
      await peer.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\nX-T: 1\r\n\r\n')
      await peer.closed()
    })
    const { handler, outcome } = call(openPool(t, upstream.port))
    assert.deepEqual((await outcome).trailers, [['X-T', '1']])
    assert.deepEqual(handler.informed, [[103, [['Link', '</a>']]]])
  })

  test('nothing more is told after the handler said no, until it is resumed', async (t) => {
    const total = 8 * 1_048_576
    let written = 0
    const upstream = await scriptedUpstream(t, async (peer) => {
      await peer.requestHead()
      await peer.write(`HTTP/1.1 200 OK\r\ncontent-length: ${total}\r\n\r\n`)
      for (; written < total; written += 65_536) await peer.write(Buffer.alloc(65_536))
      await peer.closed()
    })
    const { handler, call: sent, outcome } = call(openPool(t, upstream.port))
    handler.takes = false
    await handler.headed
    await eventually('a piece', () => handler.received > 0)
    const first = handler.received
    const taken = [-1, -1]
    await eventually(
      'the upstream to be stopped',
      () => taken.push(written) > 0 && taken.at(-1) === taken.at(-3) && written < total,
      { every: 30 },
    )
    assert.equal(handler.received, first)
    handler.takes = true
    sent.resume()
    assert.equal((await outcome).body.length, total)
  })

  test('a small answer that is paused at its last piece still ends', async (t) => {
    const upstream = await scriptedUpstream(t, async (peer) => {
      await peer.requestHead()
      await peer.write(ok)
      await peer.closed()
    })
    const pool = openPool(t, upstream.port)
    const { handler, call: sent, outcome } = call(pool)
    handler.takes = false
    await eventually('the piece', () => handler.received === 2)
    assert.equal(pool.load.inFlight, 1)
    sent.resume()
    assert.equal((await outcome).body, 'ok')
    assert.equal(pool.load.idle, 1)
  })
})

describe('both at once', () => {
  test('an answer that ends before the request does stops the upload, and the connection is not used again', async (t) => {
    const upstream = await scriptedUpstream(t, async (peer, connection) => {
      await peer.requestHead()
      if (connection === 0) await peer.readUntil('some')
      await peer.write(connection === 0 ? 'HTTP/1.1 413 Content Too Large\r\ncontent-length: 3\r\n\r\nbig' : ok)
      await peer.closed()
    })
    const pool = openPool(t, upstream.port)
    const body = new LiveBody(1_000_000)
    const { outcome } = call(pool, { method: 'POST', body })
    await eventually('the body to be wanted', () => body.wanted)
    body.send('some')
    assert.equal((await outcome).body, 'big')
    assert.ok(!body.wanted)
    body.send('more') // from a source that is late to stop
    assert.equal((await call(pool).outcome).body, 'ok')
    assert.equal(upstream.connections, 2)
  })

  test('an endpoint that does not read makes the source wait', async (t) => {
    const go = Promise.withResolvers<void>()
    const total = 32 * 1_048_576
    const upstream = await scriptedUpstream(t, async (peer) => {
      await peer.requestHead()
      peer.pause()
      await go.promise
      peer.resume()
      for (let left = total; left > 0; left -= 1_048_576) await peer.readBytes(1_048_576)
      await peer.write(ok)
      await peer.closed()
    })
    const pool = openPool(t, upstream.port)
    const body = new GivenBody(
      Array.from({ length: total / 65_536 }, () => Buffer.alloc(65_536)),
      total,
    )
    const { handler, outcome } = call(pool, { method: 'POST', body })
    await eventually('the source to be stopped', () => body.paused > 0)
    assert.equal(handler.sent, 0)
    go.resolve()
    assert.equal((await outcome).body, 'ok')
    assert.equal(handler.sent, 1)
    assert.ok(handler.uploaded > 0)
    assert.equal(upstream.connections, 1)
    assert.equal(pool.load.idle, 1)
  })

  test('a body that fails before anything was written costs no connection', async (t) => {
    const upstream = await scriptedUpstream(t, async (peer) => {
      for (let times = 0; times < 2; times++) {
        await peer.requestHead()
        await peer.write(ok)
      }
      await peer.closed()
    })
    const pool = openPool(t, upstream.port)
    await call(pool).outcome
    const body = new GivenBody([], 5)
    body.resume = () => body.fail(new Failure('payload_too_large'))
    const { failure } = await call(pool, { method: 'POST', body }).outcome
    assert.equal(failure?.reason, 'payload_too_large')
    assert.equal((await call(pool).outcome).body, 'ok')
    assert.equal(upstream.connections, 1)
  })

  test('a body that fails on its way is no complete request for the endpoint', async (t) => {
    const rest = Promise.withResolvers<string>()
    const arrived = Promise.withResolvers<void>()
    const upstream = await scriptedUpstream(t, async (peer) => {
      await peer.readUntil('hello')
      arrived.resolve()
      rest.resolve((await peer.readToEnd()).toString('latin1'))
    })
    const pool = openPool(t, upstream.port)
    const body = new LiveBody()
    const { outcome } = call(pool, { method: 'POST', body })
    await eventually('the body to be wanted', () => body.wanted)
    body.send('hello')
    await arrived.promise
    body.fail(new Failure('request_timeout'))
    assert.equal((await outcome).failure?.reason, 'request_timeout')
    assert.equal(await rest.promise, '\r\n')
    await eventually('the connection to be closed', () => pool.load.connections === 0)
  })

  test('a request that the codec would not write harms nobody else', async (t) => {
    const upstream = await scriptedUpstream(t, async (peer) => {
      await peer.requestHead()
      await peer.write(ok)
      await peer.closed()
    })
    const mistakes: unknown[] = []
    const pool = openPool(t, upstream.port, { onMistake: (thrown) => mistakes.push(thrown) })
    const { failure } = await call(pool, { target: '/a b' }).outcome
    assert.equal(failure?.reason, 'internal_error')
    assert.equal(mistakes.length, 1)
    assert.equal((await call(pool).outcome).body, 'ok')
    assert.equal(upstream.connections, 1)
  })
})

describe('a client that waits for 100', () => {
  const hesitant = (body: LiveBody) => ({ method: 'POST', body, expectContinue: true })
  const expectingHead = async (peer: ScriptedPeer) =>
    assert.match(await peer.requestHead(), /\r\nexpect: 100-continue\r\n/)

  test('its body is not asked for before the endpoint says so', async (t) => {
    const say = Promise.withResolvers<void>()
    const upstream = await scriptedUpstream(t, async (peer) => {
      await expectingHead(peer)
      await say.promise
      await peer.write('HTTP/1.1 100 Continue\r\n\r\n')
      await peer.readUntil('hello')
      await peer.write(ok)
      await peer.closed()
    })
    const body = new LiveBody(5)
    const { handler, outcome } = call(openPool(t, upstream.port, { expectContinue: 60_000 }), hesitant(body))
    await eventually('the head to be out', () => handler.starts === 1 && upstream.connections === 1)
    assert.ok(!body.wanted)
    say.resolve()
    await eventually('the body to be wanted', () => body.wanted)
    body.send('hello')
    body.end()
    assert.equal((await outcome).body, 'ok')
    assert.deepEqual(handler.informed, [])
    assert.equal(upstream.connections, 1)
  })

  test('its body is asked for after a while in any case, or at once when there is nothing to wait', async (t) => {
    for (const expectContinue of [40, 0]) {
      const upstream = await scriptedUpstream(t, async (peer) => {
        await expectingHead(peer)
        await peer.readUntil('hello')
        await peer.write(ok)
        await peer.closed()
      })
      const body = new LiveBody(5)
      const { outcome } = call(openPool(t, upstream.port, { expectContinue }), hesitant(body))
      await eventually('the body to be wanted', () => body.wanted)
      body.send('hello')
      body.end()
      assert.equal((await outcome).body, 'ok')
    }
  })

  test('its body is never asked for when the endpoint answers instead', async (t) => {
    const upstream = await scriptedUpstream(t, async (peer) => {
      await expectingHead(peer)
      await peer.write('HTTP/1.1 417 Expectation Failed\r\ncontent-length: 0\r\n\r\n')
      await peer.closed()
    })
    const body = new LiveBody(5)
    const pool = openPool(t, upstream.port, { expectContinue: 40 })
    assert.equal((await call(pool, hesitant(body)).outcome).status, 417)
    await eventually('the connection to be closed', () => pool.load.connections === 0)
    assert.ok(!body.wanted)
  })
})
