import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { eventually, openUpgrade, openWebSocket, startBackend, startUpgradeBackend } from '@vrata/testkit'
import { startGateway } from '../gateway.ts'

test('a WebSocket passes through, and lives on while other routes and destinations change', async (t) => {
  const { port, base, activate } = await startGateway(t)
  const backend = await startUpgradeBackend(t)
  const other = await startBackend(t)
  const config = base.destination('chat', backend.address).forward('chat', '/chat', 'chat')
  await activate(config)
  const socket = await openWebSocket(t, `ws://127.0.0.1:${port}/chat/room?id=1`, { 'x-user': 'ann' })
  assert.equal(await socket.ask('hello'), 'hello')
  assert.equal(await socket.ask('x'.repeat(300_000)), 'x'.repeat(300_000))
  const [request] = backend.requests
  assert.deepEqual([request?.url, request?.headers['x-user']], ['/chat/room?id=1', 'ann'])
  assert.equal(request?.headers['x-forwarded-for'], '127.0.0.1')

  await activate(config.respond('new', '/new', 'x'))
  await activate(config.destination('other', other.address).forward('other', '/other', 'other'))
  assert.equal(await socket.ask('still here'), 'still here')
  assert.equal(socket.open, true)
})

test('a WebSocket that the client closes is closed at the backend', async (t) => {
  const { port, base, activate } = await startGateway(t)
  const backend = await startUpgradeBackend(t)
  await activate(base.destination('chat', backend.address).forward('chat', '/', 'chat'))
  const socket = await openWebSocket(t, `ws://127.0.0.1:${port}/`)
  assert.equal(await socket.ask('a'), 'a')
  assert.equal(backend.connections(), 1)
  socket.close()
  await eventually('the backend to see it', () => backend.connections() === 0)
  assert.equal(socket.open, false)
})

test('an upgrade to another protocol is a raw connection, both ways, with half-close', async (t) => {
  const { url, base, activate } = await startGateway(t)
  const backend = await startUpgradeBackend(t)
  await activate(base.destination('raw', backend.address).forward('raw', '/', 'raw'))
  const socket = await openUpgrade(t, `${url}/raw`, 'echo/1')
  socket.write('first ')
  assert.equal(String((await once(socket, 'data'))[0]), 'first ')
  const rest: Buffer[] = []
  socket.on('data', (chunk: Buffer) => rest.push(chunk))
  // our half closes; the backend still sends what it owes and closes its own
  socket.end('last words')
  await once(socket, 'end')
  assert.equal(Buffer.concat(rest).toString(), 'last words')
})

test('bytes that the client sends right behind the head of an upgrade are not lost', async (t) => {
  const { port, base, activate } = await startGateway(t)
  const backend = await startUpgradeBackend(t)
  await activate(base.destination('raw', backend.address).forward('raw', '/', 'raw'))
  const socket = connect(port, '127.0.0.1')
  t.after(() => socket.destroy())
  let heard = ''
  socket.setEncoding('latin1').on('data', (text: string) => {
    heard += text
  })
  socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo/1\r\n\r\nearly bytes')
  while (!heard.endsWith('early bytes')) await once(socket, 'data')
  assert.match(heard, /^HTTP\/1\.1 101 /)
})

test('a backend that does not upgrade answers as it would without the gateway', async (t) => {
  const { url, port, base, activate } = await startGateway(t)
  const backend = await startBackend(t, { name: 'plain' })
  await activate(base.destination('plain', backend.address).forward('plain', '/', 'plain'))
  await assert.rejects(openUpgrade(t, url, 'echo/1'), /answered 200/)
  await assert.rejects(openWebSocket(t, `ws://127.0.0.1:${port}/`), /200/)
})
