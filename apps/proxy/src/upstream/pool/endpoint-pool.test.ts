import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { describe, test } from 'node:test'
import { eventually, freePort, own, type Scope, type Script, scriptedUpstream } from '@vrata/testkit'
import { call, GivenBody, LiveBody, openPool, type PoolSettings } from '../../testing/upstream-calls.ts'
import type { EndpointPool } from './endpoint-pool.ts'

const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

async function upstreamOf(t: Scope, script: Script, settings: PoolSettings = {}) {
  const upstream = await scriptedUpstream(t, script)
  return { upstream, pool: openPool(t, upstream.port, settings) }
}

/** A server that hands on the pieces it reads; at the end all its sockets have to be closed. */
async function serving(t: Scope, onData: (bytes: Buffer, socket: Socket) => void) {
  const upstream = { connections: 0, open: 0 }
  const server = createServer((socket) => {
    upstream.connections++
    upstream.open++
    socket.on('close', () => upstream.open--)
    socket.on('error', () => socket.destroy())
    socket.on('data', (bytes) => onData(bytes, socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  own(t, async () => {
    server.close()
    await eventually('all sockets to be closed', () => upstream.open === 0)
  })
  const address = server.address()
  return { upstream, port: typeof address === 'object' ? (address?.port ?? 0) : 0 }
}

/** An upstream that says the same to everything. */
function answering(t: Scope, text: string) {
  return serving(t, (_bytes, socket) => void socket.write(text))
}

/** An upstream that answers when it is told to. */
async function reluctant(t: Scope, settings: PoolSettings = {}) {
  const waiting: Socket[] = []
  const asked: string[] = []
  const { upstream, port } = await serving(t, (bytes, socket) => {
    asked.push(bytes.toString('latin1').split(' ')[1] ?? '')
    waiting.push(socket)
  })
  const pool = openPool(t, port, settings)
  /** Answers the request number `which`, from 0 in the order of their coming. */
  const answer = (which: number) => waiting[which]?.write(ok)
  const haveAsked = (count: number) => eventually(`${count} requests to be there`, () => asked.length === count)
  return { upstream, pool, asked, answer, haveAsked }
}

const nothing = { inFlight: 0, idle: 0, waiting: 0, connections: 0 }

describe('reuse', () => {
  test('requests one after the other share a connection', async (t) => {
    const { upstream, pool, answer, haveAsked } = await reluctant(t)
    for (let times = 0; times < 20; times++) {
      const { outcome } = call(pool)
      await haveAsked(times + 1)
      answer(times)
      assert.equal((await outcome).body, 'ok')
    }
    assert.equal(upstream.connections, 1)
    assert.deepEqual(pool.load, { inFlight: 0, idle: 1, waiting: 0, connections: 1 })
  })

  test('requests at the same time have one each, and the one used last is used next', async (t) => {
    const { upstream, pool, haveAsked, answer } = await reluctant(t)
    const both = [call(pool, { target: '/1' }), call(pool, { target: '/2' })]
    await haveAsked(2)
    assert.deepEqual(pool.load, { inFlight: 2, idle: 0, waiting: 0, connections: 2 })
    answer(0)
    answer(1)
    await Promise.all(both.map(({ outcome }) => outcome))
    assert.deepEqual(pool.load, { inFlight: 0, idle: 2, waiting: 0, connections: 2 })
    const third = call(pool, { target: '/3' })
    await haveAsked(3)
    answer(2)
    await third.outcome
    assert.equal(upstream.connections, 2)
  })

  test('a connection is closed when it was idle for long enough, and others are not', async (t) => {
    const { pool, haveAsked, answer } = await reluctant(t, { idle: 60 })
    const slow = call(pool)
    const fast = call(pool)
    await haveAsked(2)
    answer(0)
    await Promise.race([slow.outcome, fast.outcome])
    await eventually('the idle one to be closed', () => pool.load.connections === 1)
    assert.equal(pool.load.inFlight, 1)
    answer(1)
    await Promise.all([slow.outcome, fast.outcome])
    await eventually('the other one to be closed', () => pool.load.connections === 0)
  })

  test('a connection that is old enough takes no further request', async (t) => {
    const { upstream, pool, haveAsked, answer } = await reluctant(t, { lifetime: 50 })
    const { outcome } = call(pool)
    await haveAsked(1)
    const born = pool.endpoint.timers.now
    await eventually('some time to pass', () => pool.endpoint.timers.now - born > 60)
    answer(0)
    assert.equal((await outcome).body, 'ok')
    await eventually('it to be closed', () => pool.load.connections === 0)
    const second = call(pool)
    await haveAsked(2)
    answer(1)
    assert.equal((await second.outcome).body, 'ok')
    assert.equal(upstream.connections, 2)
  })
})

describe('limits', () => {
  test('no more connections than allowed: the others wait, first come, first served', async (t) => {
    const { upstream, pool, asked, haveAsked, answer } = await reluctant(t)
    pool.setLimit(2)
    const calls = Array.from({ length: 6 }, (_, at) => call(pool, { target: `/${at}` }))
    await haveAsked(2)
    assert.deepEqual(pool.load, { inFlight: 2, idle: 0, waiting: 4, connections: 2 })
    for (let which = 0; which < 6; which++) {
      await haveAsked(Math.min(6, which + 2))
      answer(which)
      await calls[which]?.outcome
    }
    assert.equal(upstream.connections, 2)
    assert.deepEqual(asked.slice().sort(), ['/0', '/1', '/2', '/3', '/4', '/5'])
    assert.deepEqual(asked.slice(2), ['/2', '/3', '/4', '/5'])
  })

  test('who waits too long is refused, and frees its place', async (t) => {
    const { pool, haveAsked, answer } = await reluctant(t)
    pool.setLimit(1)
    const first = call(pool, {}, 60_000)
    await haveAsked(1)
    const { failure } = await call(pool, {}, 40).outcome
    assert.equal(failure?.reason, 'overloaded')
    assert.equal(failure?.status, 503)
    assert.equal(pool.load.waiting, 0)
    answer(0)
    assert.equal((await first.outcome).body, 'ok')
  })

  test('a connection that closes makes room for who waits', async (t) => {
    const { upstream, pool } = await upstreamOf(t, async (peer, connection) => {
      await peer.requestHead()
      await peer.write(`HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 1\r\n\r\n${connection}`)
      await peer.closed()
    })
    pool.setLimit(1)
    const bodies = await Promise.all([0, 1, 2].map(async () => (await call(pool).outcome).body))
    assert.deepEqual(bodies, ['0', '1', '2'])
    assert.equal(upstream.connections, 3)
  })

  test('a smaller limit closes what is idle, a larger one lets those in who wait', async (t) => {
    const { pool, haveAsked, answer } = await reluctant(t)
    const calls = [call(pool), call(pool), call(pool)]
    await haveAsked(3)
    for (const which of [0, 1, 2]) answer(which)
    await Promise.all(calls.map(({ outcome }) => outcome))
    assert.equal(pool.load.idle, 3)
    pool.setLimit(1)
    await eventually('two to be closed', () => pool.load.connections === 1)
    const more = [call(pool), call(pool)]
    await haveAsked(4)
    assert.equal(pool.load.waiting, 1)
    pool.setLimit(0)
    await haveAsked(5)
    for (const which of [3, 4]) answer(which)
    await Promise.all(more.map(({ outcome }) => outcome))
  })
})

describe('taking back', () => {
  test('a request that waits', async (t) => {
    const { pool, haveAsked, answer } = await reluctant(t)
    pool.setLimit(1)
    const first = call(pool)
    await haveAsked(1)
    const second = call(pool, {}, 1_000)
    second.call.abort()
    second.call.abort()
    assert.equal(pool.load.waiting, 0)
    answer(0)
    await first.outcome
    assert.equal(pool.endpoint.timers.armed, 0)
  })

  test('a request whose connection is being opened, which is then there for the next', async (t) => {
    const { upstream, pool, answer, haveAsked } = await reluctant(t)
    call(pool).call.abort()
    const { outcome } = call(pool)
    await haveAsked(1)
    answer(0)
    assert.equal((await outcome).body, 'ok')
    await eventually('both to be idle', () => pool.load.idle === pool.load.connections)
    assert.ok(upstream.connections <= 2)
  })

  test('a request in flight closes its connection', async (t) => {
    const { upstream, pool, haveAsked } = await reluctant(t)
    const { call: sent } = call(pool)
    await haveAsked(1)
    sent.abort()
    await eventually('it to be closed', () => pool.load.connections === 0)
    assert.deepEqual(pool.load, nothing)
    assert.equal(upstream.connections, 1)
  })

  test('from within each of its events', async (t) => {
    const said = 'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nabcd'
    const { upstream, port } = await answering(t, said)
    for (const event of ['onStart', 'onSent', 'onInform', 'onHead', 'onData'] as const) {
      const pool = openPool(t, port)
      const { handler, call: sent } = call(pool)
      const heard = Promise.withResolvers<void>()
      handler[event] = () => {
        sent.abort()
        heard.resolve()
        return true
      }
      handler.onEnd = () => assert.fail(`${event}: an end after that`)
      handler.onFailure = () => assert.fail(`${event}: a failure after that`)
      await heard.promise
      await eventually('nothing to be left', () => pool.load.inFlight === 0)
      pool[Symbol.dispose]()
      await eventually('its connection to be closed', () => upstream.open === 0)
    }
  })
})

describe('sending again in silence', () => {
  /** The first connection answers once and is then gone without a word. */
  const forgetful =
    (way: 'end' | 'reset'): Script =>
    async (peer, connection) => {
      await peer.requestHead()
      await peer.write(ok)
      if (connection > 0) return peer.closed()
      await peer.requestHead()
      if (way === 'end') peer.end()
      else peer.reset()
    }

  for (const way of ['end', 'reset'] as const) {
    test(`a request on a used connection that ends by ${way} before its answer`, async (t) => {
      const { upstream, pool } = await upstreamOf(t, forgetful(way))
      await call(pool).outcome
      const { handler, outcome } = call(pool)
      assert.equal((await outcome).body, 'ok')
      assert.equal(handler.starts, 2)
      assert.equal(upstream.connections, 2)
    })
  }

  test('one whose body nobody has begun to read', async (t) => {
    const { upstream, pool } = await upstreamOf(
      t,
      async (peer, connection) => {
        await peer.requestHead()
        if (connection === 0) {
          await peer.write(ok)
          await peer.requestHead()
          peer.reset()
          return
        }
        await peer.write('HTTP/1.1 100 Continue\r\n\r\n')
        await peer.readUntil('hello')
        await peer.write(ok)
        await peer.closed()
      },
      { expectContinue: 60_000 },
    )
    await call(pool).outcome
    const body = new LiveBody(5)
    const { outcome } = call(pool, { method: 'PUT', body, expectContinue: true })
    await eventually('the body to be wanted', () => body.wanted)
    body.send('hello')
    body.end()
    assert.equal((await outcome).body, 'ok')
    assert.equal(upstream.connections, 2)
  })

  const final: readonly (readonly [what: string, method: string, body: string | undefined])[] = [
    ['that is not idempotent', 'POST', undefined],
    ['whose body is gone', 'PUT', 'hello'],
  ]
  for (const [what, method, body] of final) {
    test(`not one ${what}`, async (t) => {
      const { upstream, pool } = await upstreamOf(t, forgetful('reset'))
      await call(pool).outcome
      const given = body === undefined ? {} : { body: new GivenBody([body], body.length) }
      const { failure } = await call(pool, { method, length: body?.length ?? 0, ...given }).outcome
      assert.equal(failure?.reason, 'connection_reset')
      assert.equal(upstream.connections, 1)
    })
  }

  test('not on a fresh connection, and not after a byte of an answer', async (t) => {
    const { upstream, pool } = await upstreamOf(t, async (peer, connection) => {
      await peer.requestHead()
      if (connection === 1) {
        await peer.write(ok)
        await peer.requestHead()
        await peer.write('H')
      }
      peer.end()
    })
    assert.equal((await call(pool).outcome).failure?.facts.rule, 'closed_before_response')
    assert.equal((await call(pool).outcome).body, 'ok')
    assert.equal((await call(pool).outcome).failure?.facts.rule, 'truncated_head')
    assert.equal(upstream.connections, 2)
  })

  test('once, on a connection that is new: all that were idle may be gone', async (t) => {
    const gone = Promise.withResolvers<void>()
    const { upstream, pool } = await upstreamOf(t, async (peer, connection) => {
      await peer.requestHead()
      await peer.write(ok)
      if (connection >= 3) return peer.closed()
      await Promise.race([peer.requestHead(), gone.promise])
      peer.reset()
    })
    const first = [call(pool), call(pool), call(pool)]
    await Promise.all(first.map(({ outcome }) => outcome))
    assert.equal(pool.load.idle, 3)
    const { handler, outcome } = call(pool)
    assert.equal((await outcome).body, 'ok')
    assert.equal(handler.starts, 2)
    assert.equal(upstream.connections, 4)
    gone.resolve()
  })

  test('where only one connection is allowed too', async (t) => {
    const { pool } = await upstreamOf(t, forgetful('reset'))
    pool.setLimit(1)
    await call(pool).outcome
    const { outcome } = call(pool, {}, 60_000)
    assert.equal((await outcome).body, 'ok')
    assert.deepEqual(pool.load, { inFlight: 0, idle: 1, waiting: 0, connections: 1 })
  })
})

describe('connections that cannot be opened', () => {
  test('each request hears of it, and the next one tries again', async (t) => {
    const pool = openPool(t, await freePort())
    const outcomes = await Promise.all([call(pool).outcome, call(pool).outcome])
    assert.deepEqual(
      outcomes.map(({ failure }) => failure?.reason),
      ['connection_refused', 'connection_refused'],
    )
    assert.deepEqual(pool.load, nothing)
    assert.equal((await call(pool).outcome).failure?.reason, 'connection_refused')
  })

  test('the first refusal lets the next one in the queue try', async (t) => {
    const pool = openPool(t, await freePort())
    pool.setLimit(1)
    const outcomes = await Promise.all([1, 2, 3].map(() => call(pool, {}, 60_000).outcome))
    for (const { failure } of outcomes) assert.equal(failure?.reason, 'connection_refused')
    assert.deepEqual(pool.load, nothing)
    assert.equal(pool.endpoint.timers.armed, 0)
  })

  test('a name that does not resolve', async (t) => {
    // longer than a name server can be asked for: not known on any machine
    const pool = openPool(t, 80, { dial: { host: `${'does-not-exist'.repeat(5)}.invalid` } })
    assert.equal((await call(pool).outcome).failure?.reason, 'dns_failure')
    assert.deepEqual(pool.load, nothing)
  })

  test('a handshake that never ends is given up', async (t) => {
    const { upstream, pool } = await tlsTo(t, async (peer) => {
      await peer.readBytes(5)
      await peer.closed()
    })
    const { failure } = await call(pool).outcome
    assert.equal(failure?.reason, 'tls_handshake_failure')
    assert.equal(failure?.status, 502)
    await eventually('its socket to be closed', () => upstream.open === 0)
    assert.deepEqual(pool.load, nothing)
    assert.equal(pool.endpoint.timers.armed, 0)
  })

  test('a handshake that is cut at its first byte', async (t) => {
    const { pool } = await tlsTo(t, async (peer) => {
      await peer.readBytes(1)
      peer.reset()
    })
    assert.equal((await call(pool).outcome).failure?.reason, 'tls_handshake_failure')
    assert.deepEqual(pool.load, nothing)
  })
})

async function tlsTo(t: Scope, script: Script) {
  const { createSecureContext } = await import('node:tls')
  const tls = {
    serverName: 'a.example',
    context: createSecureContext(),
    minVersion: 'TLSv1.2',
    maxVersion: undefined,
  } as const
  return upstreamOf(t, script, { dial: { tls, handshakeTimeout: 60 } })
}

describe('letting go', () => {
  test('idle connections close at once, others when their request has ended', async (t) => {
    const { pool, haveAsked, answer } = await reluctant(t)
    const calls = [call(pool), call(pool)]
    await haveAsked(2)
    answer(0)
    await Promise.race(calls.map(({ outcome }) => outcome))
    pool[Symbol.dispose]()
    await eventually('the idle one to be closed', () => pool.load.connections === 1)
    answer(1)
    assert.deepEqual(
      (await Promise.all(calls.map(({ outcome }) => outcome))).map(({ body }) => body),
      ['ok', 'ok'],
    )
    await eventually('the other one to be closed', () => pool.load.connections === 0)
  })

  test('who waits is still served', async (t) => {
    const { pool, haveAsked, answer } = await reluctant(t)
    pool.setLimit(1)
    const calls = [call(pool), call(pool)]
    await haveAsked(1)
    pool[Symbol.dispose]()
    answer(0)
    await haveAsked(2)
    answer(1)
    await Promise.all(calls.map(({ outcome }) => outcome))
    await eventually('all to be closed', () => pool.load.connections === 0)
  })
})

test('a thousand requests that are taken back at any moment leave nothing behind', async (t) => {
  const { upstream, port } = await answering(t, ok)
  const pool: EndpointPool = openPool(t, port)
  pool.setLimit(20)
  const calls = Array.from({ length: 1_000 }, () => call(pool, {}, 60_000))
  for (const [at, { call: sent, outcome }] of calls.entries()) {
    if (at % 3 === 0) sent.abort()
    else if (at % 3 === 1) setImmediate(() => sent.abort())
    else await outcome
  }
  await eventually('all to be over', () => pool.load.inFlight === 0 && pool.load.waiting === 0)
  assert.ok(pool.load.connections <= 20)
  assert.equal(pool.endpoint.timers.armed, 0)
  pool[Symbol.dispose]()
  await eventually('all sockets to be closed', () => upstream.open === 0)
})
