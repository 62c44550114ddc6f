import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { DestinationInput, ListenerInput } from '@vrata/model'
import {
  ask,
  eventually,
  type FakeClock,
  fakeClock,
  freePort,
  openUpgrade,
  openWebSocket,
  own,
  rawExchange,
  type Scope,
  type Script,
  type ScriptedPeer,
  type ScriptedUpstream,
  scriptedUpstream,
  snapshot,
  startUpgradeBackend,
} from '@vrata/testkit'
import { startInProcess } from '../../testing/in-process.ts'
import { TimerWheel } from '../../timer-wheel.ts'

interface Fields {
  readonly listener?: Partial<ListenerInput>
  readonly options?: DestinationInput['options']
  /** By which limits of time go; default: that of the process. */
  readonly clock?: FakeClock
}

async function before(t: Scope, address: string, { listener = {}, options = {}, clock }: Fields = {}) {
  return startInProcess(
    t,
    (s, port) =>
      s
        .listener('main', port, { drainTimeout: '0s', ...listener })
        .destination('d', address, { options })
        .forward('r', '/', 'd')
        .respond('direct', '/direct', 'no'),
    clock === undefined ? {} : { gateway: { timers: new TimerWheel(clock) } },
  )
}

/** Sends each byte back until the other side leaves. */
function echo(peer: ScriptedPeer): Promise<void> {
  peer.socket.on('data', (bytes) => peer.socket.write(bytes))
  return peer.closed()
}

async function scripted(t: Scope, script: Script, fields: Fields = {}) {
  const upstream: ScriptedUpstream = await scriptedUpstream(t, script)
  return { upstream, proxy: await before(t, upstream.address, fields), clock: fields.clock }
}

const ask101 = (token: string, path = '/') =>
  `GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: keep-alive, Upgrade\r\nupgrade: ${token}\r\n\r\n`
const say101 = (token: string) =>
  `HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: ${token}\r\nserver: n\r\nx-a: 1\r\nx-a: 2\r\n\r\n`

/** A client that keeps all it gets as text. */
function client(t: Scope, port: number): { readonly socket: Socket; readonly text: () => string } {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  own(t, () => socket.destroy())
  let text = ''
  socket.on('error', () => undefined)
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
  })
  return { socket, text: () => text }
}

test('a WebSocket works through the gateway', async (t) => {
  const backend = await startUpgradeBackend(t)
  const proxy = await before(t, backend.address)
  const socket = await openWebSocket(t, `ws://127.0.0.1:${proxy.port}/chat?room=1`, { cookie: 'a=b' })
  assert.equal(await socket.ask('hello'), 'hello')
  const [request] = backend.requests
  assert.equal(request?.url, '/chat?room=1')
  assert.equal(request?.headers.connection, 'Upgrade')
  assert.equal(request?.headers.cookie, 'a=b')
  assert.equal(request?.headers['x-forwarded-for'], '127.0.0.1')
  assert.equal(proxy.activation.listeners.tunnels, 1)
  socket.close()
  await eventually('the tunnel to be gone', () => proxy.activation.listeners.tunnels === 0)
  assert.equal(proxy.activation.gateway?.exchanges.size, 0)
})

test('any other protocol works too, for as long as both sides like', async (t) => {
  const backend = await startUpgradeBackend(t)
  const proxy = await before(t, backend.address)
  const socket = await openUpgrade(t, `${proxy.url}/`, 'tcp-tunnel')
  socket.write('hello')
  assert.equal(String((await once(socket, 'data'))[0]), 'hello')
})

for (const token of ['websocket', 'custom']) {
  test(`${token}: bytes behind the heads in the same packet are not lost`, async (t) => {
    const { proxy } = await scripted(t, async (peer) => {
      await peer.requestHead()
      await peer.write(`${say101(token)}FIRST`)
      assert.equal((await peer.readBytes(5)).toString(), 'EARLY')
      await peer.write('SECOND')
      await peer.closed()
    })
    const { socket, text } = client(t, proxy.port)
    socket.write(`${ask101(token)}EARLY`)
    await eventually('all bytes', () => text().endsWith('\r\n\r\nFIRSTSECOND'))
    socket.end()
  })

  test(`${token}: the head of the change keeps its fields, and the listener’s name`, async (t) => {
    const { proxy } = await scripted(
      t,
      async (peer) => {
        assert.match(
          await peer.requestHead(),
          new RegExp(`\\r\\nconnection: upgrade\\r\\nupgrade: ${token}\\r\\n`, 'i'),
        )
        await peer.write(say101(token))
        await peer.closed()
      },
      { listener: { serverName: 'edge' } },
    )
    const { socket, text } = client(t, proxy.port)
    socket.write(ask101(token))
    await eventually('the head', () => text().includes('\r\n\r\n'))
    const lines = text().toLowerCase().split('\r\n')
    assert.equal(lines[0], 'http/1.1 101 switching protocols')
    for (const line of ['connection: upgrade', `upgrade: ${token}`, 'x-a: 1', 'x-a: 2', 'server: edge']) {
      assert.equal(lines.filter((one) => one === line).length, 1, `${line} in ${text()}`)
    }
    assert.ok(!lines.includes('server: n'))
    socket.end()
  })

  test(`${token}: an end of one direction is passed on, the other goes on`, async (t) => {
    const { proxy } = await scripted(t, async (peer) => {
      await peer.requestHead()
      await peer.write(say101(token))
      assert.equal((await peer.readToEnd()).toString(), 'last words')
      await peer.write('and mine')
      peer.end()
    })
    const { socket, text } = client(t, proxy.port)
    socket.write(ask101(token))
    await eventually('the head', () => text().includes('\r\n\r\n'))
    socket.end('last words')
    await once(socket, 'close')
    assert.ok(text().endsWith('\r\n\r\nand mine'))
  })

  test(`${token}: an end of the upstream is passed on, the client goes on`, async (t) => {
    const thanked = Promise.withResolvers<void>()
    const { proxy } = await scripted(t, async (peer) => {
      await peer.requestHead()
      await peer.write(`${say101(token)}bye`)
      peer.end()
      assert.equal((await peer.readToEnd()).toString(), 'thanks')
      thanked.resolve()
    })
    const { socket, text } = client(t, proxy.port)
    socket.write(ask101(token))
    await once(socket, 'end')
    assert.ok(text().endsWith('bye'))
    socket.end('thanks')
    await thanked.promise
  })

  test(`${token}: a reset of one side is none of a clean end for the other`, async (t) => {
    const { proxy } = await scripted(t, async (peer) => {
      await peer.requestHead()
      await peer.write(say101(token))
      await peer.readBytes(1)
      peer.reset()
    })
    const { socket, text } = client(t, proxy.port)
    socket.write(ask101(token))
    await eventually('the head', () => text().includes('\r\n\r\n'))
    const closed = new Promise<boolean>((resolve) => socket.on('close', resolve))
    socket.write('x')
    assert.equal(await closed, true)
  })

  test(`${token}: a client that goes away takes the upstream’s connection along`, async (t) => {
    const { upstream, proxy } = await scripted(t, async (peer) => {
      await peer.requestHead()
      await peer.write(say101(token))
      await peer.closed()
    })
    const { socket, text } = client(t, proxy.port)
    socket.write(ask101(token))
    await eventually('the head', () => text().includes('\r\n\r\n'))
    socket.resetAndDestroy()
    await eventually('the other side to be closed', () => upstream.open === 0)
    await eventually('the tunnel to be gone', () => proxy.activation.listeners.tunnels === 0)
  })

  test(`${token}: an ordinary answer reaches the client, and the connection closes`, async (t) => {
    const { proxy } = await scripted(t, async (peer) => {
      await peer.requestHead()
      await peer.write('HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\nkeep-alive: timeout=5\r\nx-a: 1\r\n\r\nno')
      await peer.closed()
    })
    const answer = await rawExchange(proxy.port, ask101(token))
    assert.match(answer, /^HTTP\/1\.1 403 Forbidden\r\n/)
    assert.match(answer, /\r\nx-a: 1\r\n/)
    assert.doesNotMatch(answer, /keep-alive/)
    assert.ok(answer.endsWith('\r\n\r\nno'))
  })

  test(`${token}: a change to another protocol is a failure`, async (t) => {
    const { proxy } = await scripted(t, async (peer) => {
      await peer.requestHead()
      await peer.write(say101('other'))
      await peer.closed()
    })
    const answer = await rawExchange(proxy.port, ask101(token))
    assert.match(answer, /^HTTP\/1\.1 502 Bad Gateway\r\n/)
    assert.match(answer, /"error":"upstream_protocol_error"/)
  })

  test(`${token}: an upstream that cannot be connected is a failure`, async (t) => {
    const proxy = await before(t, `127.0.0.1:${await freePort()}`)
    const answer = await rawExchange(proxy.port, ask101(token))
    assert.match(answer, /^HTTP\/1\.1 502 Bad Gateway\r\n/)
    assert.match(answer, /"error":"connection_refused"/)
  })

  test(`${token}: an upstream that closes instead of answering is a failure`, async (t) => {
    const { proxy } = await scripted(t, async (peer) => {
      await peer.requestHead()
      peer.reset()
    })
    const answer = await rawExchange(proxy.port, ask101(token))
    assert.match(answer, /^HTTP\/1\.1 502 Bad Gateway\r\n/)
    assert.match(answer, /"error":"connection_reset"/)
  })

  test(`${token}: an answer to the handshake is waited for no longer than for any head`, async (t) => {
    const { proxy } = await scripted(
      t,
      async (peer) => {
        await peer.requestHead()
        await peer.closed()
      },
      { options: { timeouts: { responseHeader: '50ms' } } },
    )
    const answer = await rawExchange(proxy.port, ask101(token))
    assert.match(answer, /^HTTP\/1\.1 504 Gateway Timeout\r\n/)
    assert.match(answer, /"reason":"first_byte"/)
  })

  test(`${token}: limits of the handshake do not end what came of it`, async (t) => {
    const { proxy, clock } = await scripted(
      t,
      async (peer) => {
        await peer.requestHead()
        await peer.write(say101(token))
        await echo(peer)
      },
      { options: { timeouts: { responseHeader: '150ms', request: '150ms' } }, clock: fakeClock() },
    )
    const { socket, text } = client(t, proxy.port)
    socket.write(ask101(token))
    await eventually('the head', () => text().includes('\r\n\r\n'))
    for (const said of ['x', 'xx', 'xxx']) {
      clock?.advance(10_000)
      await turn()
      socket.write('x')
      await eventually('an echo', () => text().endsWith(`\r\n\r\n${said}`))
    }
    socket.destroy()
  })

  test(`${token}: silence ends what came of it, nothing else does`, async (t) => {
    const { proxy } = await scripted(
      t,
      async (peer) => {
        await peer.requestHead()
        await peer.write(say101(token))
        await echo(peer)
      },
      { listener: { timeouts: { idleStream: '200ms' } } },
    )
    // Where this machine stands still there is silence as well: then once more.
    const socket = await eventually('a connection that lives longer than silence may last', async () => {
      const { socket, text } = client(t, proxy.port)
      socket.write(ask101(token))
      const begun = performance.now()
      for (let said = ''; performance.now() - begun < 500; said += 'x') {
        await eventually('an echo', () => text().endsWith(`\r\n\r\n${said}`) || socket.readableEnded, { every: 50 })
        if (socket.readableEnded) return undefined
        socket.write('x')
      }
      return socket
    })
    if (!socket.readableEnded) await once(socket, 'end')
  })

  test(`${token}: a route that answers itself does so`, async (t) => {
    const backend = await startUpgradeBackend(t)
    const proxy = await before(t, backend.address)
    const answer = await rawExchange(proxy.port, ask101(token, '/direct'))
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n[\s\S]*connection: close[\s\S]*\r\n\r\nno$/)
    assert.match(await rawExchange(proxy.port, ask101(token, '/%2F')), /^HTTP\/1\.1 400 /)
  })
}

test('WebSockets are told at the end of the drain that the gateway leaves', async (t) => {
  const backend = await startUpgradeBackend(t)
  const second = await freePort()
  const base = (port: number) =>
    snapshot().listener('main', port, { drainTimeout: '0s' }).destination('d', backend.address).forward('r', '/', 'd')
  const proxy = await startInProcess(t, (_s, port) => base(port).listener('second', second, { drainTimeout: '2s' }))
  const socket = await openWebSocket(t, `ws://127.0.0.1:${second}/`)
  await proxy.apply(base(proxy.port))
  assert.equal(await socket.ask('still'), 'still')
  await eventually('the socket to be closed', () => socket.closeCode === 1001)
  await eventually('nothing to be left', () => backend.connections() === 0)
})

test('a wish that comes with a body is an ordinary request', async (t) => {
  const backend = await startUpgradeBackend(t)
  const proxy = await before(t, backend.address)
  const headers = { connection: 'upgrade', upgrade: 'custom' }
  const answer = await ask(proxy.url, { method: 'POST', headers, body: 'x' })
  assert.equal(answer.status, 200)
  assert.equal(backend.requests[0]?.headers.upgrade, undefined)
})

test('requests to change the protocol are balanced like others', async (t) => {
  const backends = await Promise.all([startUpgradeBackend(t, 'a'), startUpgradeBackend(t, 'b')])
  const endpoints = backends.map(({ port }) => ({ host: '127.0.0.1', port }))
  const proxy = await startInProcess(t, (s) =>
    s.destination('d', 'both.example:80', { endpoints }).forward('r', '/', 'd'),
  )
  for (let at = 0; at < 4; at++) await openWebSocket(t, `ws://127.0.0.1:${proxy.port}/`)
  assert.deepEqual(
    backends.map(({ requests }) => requests.length),
    [2, 2],
  )
})
