import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientHttp2Session, type ClientHttp2Stream, constants } from 'node:http2'
import { connect as connectInClear } from 'node:net'
import { test } from 'node:test'
import { connect } from 'node:tls'
import type { ListenerInput } from '@vrata/model'
import { eventually, own, type Scope, scriptedUpstream, startUpgradeBackend } from '@vrata/testkit'
import { WebSocket } from 'ws'
import { startInProcess } from '../testing/in-process.ts'
import { http2Session, request, streamClosed } from './testing/http2-client.ts'
import { rawClientOn } from './testing/raw-client.ts'
import { siteKey, sitePem } from './testing/tls-material.ts'

const tls = { cert: sitePem, key: siteKey }

async function before(t: Scope, address: string, listener: Partial<ListenerInput>) {
  return startInProcess(t, (s, port) =>
    s
      .listener('main', port, { drainTimeout: '0s', ...listener })
      .destination('d', address)
      .forward('r', '/', 'd')
      .respond('direct', '/direct', 'no'),
  )
}

/** A masked text frame of a client (RFC 6455, 5.2). */
function textFrame(text: string): Buffer {
  const mask = Buffer.from([1, 2, 3, 4])
  const payload = Buffer.from(text).map((byte, at) => byte ^ (mask[at % 4] ?? 0))
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length]), mask, payload])
}

/** Opens a WebSocket on a stream (RFC 8441) and gives it with all that it received so far. */
async function webSocketOn(session: ClientHttp2Session, path = '/chat') {
  const stream: ClientHttp2Stream = session.request(
    {
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':path': path,
      'sec-websocket-version': '13',
      origin: 'http://a',
    },
    { endStream: false },
  )
  const [headers] = await once(stream, 'response')
  const received: Buffer[] = []
  stream.on('data', (chunk: Buffer) => void received.push(chunk))
  return { stream, headers, received: () => Buffer.concat(received) }
}

test('a WebSocket works over TLS, and is told when the listener closes', async (t) => {
  const backend = await startUpgradeBackend(t)
  const proxy = await before(t, backend.address, { tls })
  const socket = new WebSocket(`wss://127.0.0.1:${proxy.port}/chat`, { rejectUnauthorized: false })
  own(t, () => socket.terminate())
  await once(socket, 'open')
  socket.send('x'.repeat(100_000))
  assert.equal(String((await once(socket, 'message'))[0]).length, 100_000)
  assert.equal(backend.requests[0]?.headers['x-forwarded-proto'], 'https')
  const closed = once(socket, 'close')
  await proxy.activation[Symbol.asyncDispose]()
  assert.equal((await closed)[0], 1001)
})

test('any other protocol works over TLS, the ends of both directions one by one', async (t) => {
  const backend = await startUpgradeBackend(t)
  const proxy = await before(t, backend.address, { tls })
  const socket = connect({ port: proxy.port, host: '127.0.0.1', rejectUnauthorized: false })
  socket.allowHalfOpen = true
  await once(socket, 'secureConnect')
  const client = rawClientOn(t, socket)
  client.send('GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: custom\r\n\r\nEARLY')
  await client.until('EARLY')
  socket.end('last words')
  assert.match(await client.untilClosed(), /^HTTP\/1\.1 101 [\s\S]*EARLYlast words$/)
  await eventually('nothing to be left', () => proxy.activation.listeners.connections === 0)
})

for (const [name, listener] of [
  ['clear text', { http2: true }],
  ['TLS', { http2: true, tls }],
] as const) {
  test(`a WebSocket works on a stream of HTTP/2 in ${name}, beside other requests`, async (t) => {
    const backend = await startUpgradeBackend(t)
    const proxy = await before(t, backend.address, listener)
    const session = await http2Session(t, proxy.port, 'tls' in listener)
    if (session.remoteSettings.enableConnectProtocol !== true) await once(session, 'remoteSettings')
    assert.equal(session.remoteSettings.enableConnectProtocol, true)
    const { stream, headers, received } = await webSocketOn(session, '/chat?room=1')
    assert.equal(headers[':status'], 200)
    assert.equal(headers['sec-websocket-accept'], undefined)
    stream.write(textFrame('hello'))
    await eventually('the echo', () => received().subarray(2).toString() === 'hello')
    const [asked] = backend.requests
    assert.deepEqual([asked?.url, asked?.headers.origin], ['/chat?room=1', 'http://a'])
    assert.equal(proxy.activation.listeners.tunnels, 1)
    assert.equal((await request(session, { ':path': '/direct' })).body, 'no')
    stream.write(textFrame('again'))
    await eventually('the echo', () => received().subarray(9).toString() === 'again')
    stream.close()
    await eventually('the tunnel to be gone', () => proxy.activation.listeners.tunnels === 0)
    await eventually('its end', () => backend.connections() === 0)
    assert.equal(proxy.activation.gateway?.exchanges.size, 0)
  })
}

test('a WebSocket on a stream is told when the listener closes', async (t) => {
  const backend = await startUpgradeBackend(t)
  const proxy = await before(t, backend.address, { http2: true })
  const session = await http2Session(t, proxy.port)
  const { stream, received } = await webSocketOn(session)
  const closed = streamClosed(stream)
  await proxy.activation[Symbol.asyncDispose]()
  await closed
  assert.deepEqual([...received()], [0x88, 0x02, 0x03, 0xe9])
})

test('a refused WebSocket is an ordinary answer on the stream, and the rest of the connection goes on', async (t) => {
  const upstream = await scriptedUpstream(t, async (peer) => {
    await peer.requestHead()
    await peer.write('HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\nx-a: 1\r\n\r\nno')
    await peer.closed()
  })
  const proxy = await before(t, upstream.address, { http2: true })
  const session = await http2Session(t, proxy.port)
  const { stream, headers, received } = await webSocketOn(session)
  await streamClosed(stream)
  assert.deepEqual([headers[':status'], headers['x-a'], received().toString()], [403, '1', 'no'])
  const direct = await webSocketOn(session, '/direct')
  assert.equal(direct.headers[':status'], 200)
  await eventually('the answer', () => direct.received().toString() === 'no')
  assert.equal((await request(session, { ':path': '/direct' })).status, 200)
  await eventually('nothing to be left', () => proxy.activation.gateway?.exchanges.size === 0)
})

test('an upstream that breaks a WebSocket breaks the stream, and no more', async (t) => {
  const upstream = await scriptedUpstream(t, async (peer) => {
    await peer.requestHead()
    await peer.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nhi')
    await peer.readBytes(1)
    peer.reset()
  })
  const proxy = await before(t, upstream.address, { http2: true })
  const session = await http2Session(t, proxy.port)
  const { stream, received } = await webSocketOn(session)
  const closed = streamClosed(stream)
  await eventually('the first bytes', () => received().toString() === 'hi')
  stream.write('x')
  await closed
  assert.notEqual(stream.rstCode, constants.NGHTTP2_NO_ERROR)
  assert.equal((await request(session, { ':path': '/direct' })).status, 200)
  await eventually('nothing to be left', () => proxy.activation.listeners.tunnels === 0)
})

test('a WebSocket may come with headers that are named like members of objects', async (t) => {
  const backend = await startUpgradeBackend(t)
  const proxy = await before(t, backend.address, {})
  const client = rawClientOn(t, connectInClear({ port: proxy.port, host: '127.0.0.1' }))
  const names = ['constructor', 'toString', 'x-last']
  const upgrade = 'connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n'
  const lines = `${upgrade}sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n${names.map((name) => `${name}: 1\r\n`).join('')}`
  client.send(`GET /chat HTTP/1.1\r\nhost: a\r\n${lines}\r\n`)
  await client.until('HTTP/1.1 101')
  const raw = backend.requests[0]?.rawHeaders ?? []
  assert.deepEqual(
    names.map((name) => raw[raw.indexOf(name) + 1]),
    ['1', '1', '1'],
  )
})
