import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { echo, startBackend } from './backend.ts'
import { eventually } from './eventually.ts'
import { startLoad } from './load.ts'
import { manualScope } from './manual-scope.ts'
import { ask, oneConnection, rawExchange, slowDownload } from './requests.ts'
import { openUpgrade, openWebSocket, startUpgradeBackend } from './upgrades.ts'

test('a backend answers with its name and remembers what it was asked', async (t) => {
  const backend = await startBackend(t, { name: 'blue' })
  const answer = await ask(`${backend.url}/a?b=c`, { method: 'POST', headers: { 'X-One': '1' }, body: 'hello' })
  assert.deepEqual([answer.status, answer.body], [200, 'blue\n'])
  const [request] = backend.requests
  assert.ok(request)
  assert.deepEqual([request.method, request.url, request.headers['x-one']], ['POST', '/a?b=c', '1'])
  assert.equal((await request.body).toString(), 'hello')
})

test('the echo backend says what arrived', async (t) => {
  const backend = await startBackend(t, { handler: echo })
  const { body } = await ask(`${backend.url}/x`, { method: 'PUT', headers: { host: 'h.test' }, body: 'b' })
  const said = JSON.parse(body)
  assert.deepEqual([said.method, said.url, said.headers.host, said.body], ['PUT', '/x', 'h.test', 'b'])
})

test('a backend is gone with its connections when the scope ends', async () => {
  const scope = manualScope()
  const backend = await startBackend(scope)
  const socket = connect(backend.port, '127.0.0.1')
  await once(socket, 'connect')
  await eventually('the connection', () => backend.connections() === 1)
  const closed = once(socket, 'close')
  await scope.end()
  await closed
  await assert.rejects(ask(backend.url), /ECONNREFUSED/)
})

test('a body that the client does not finish is no body', async (t) => {
  const backend = await startBackend(t, { handler: () => {} })
  const socket = connect(backend.port, '127.0.0.1')
  socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc')
  await eventually('the request', () => backend.requests.length === 1)
  socket.destroy()
  await assert.rejects(async () => backend.requests[0]?.body, /aborted|before the end/)
})

test('one connection serves all requests of its agent', async (t) => {
  const backend = await startBackend(t)
  const agent = oneConnection()
  t.after(() => agent.destroy())
  for (let n = 0; n < 5; n++) await ask(backend.url, { agent })
  assert.equal(backend.connections(), 1)
})

test('raw bytes are exchanged until the server closes', async (t) => {
  const backend = await startBackend(t)
  const answer = await rawExchange(backend.port, 'GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n[\s\S]*backend\n/)
})

test('a slow download takes its time, can be hurried, and counts every byte', async (t) => {
  const size = 20_000_000 // more than fits into the buffers of both sockets
  const backend = await startBackend(t, { handler: (_request, response) => void response.end(Buffer.alloc(size)) })
  const download = await slowDownload(backend.url, 100_000)
  await eventually('the first bytes', () => download.received > 0)
  assert.equal(download.finished, false)
  download.hurry()
  assert.equal(await download.done, size)
})

test('a slow download that is cut rejects', async (t) => {
  const backend = await startBackend(t, {
    handler: (_request, response) => {
      response.writeHead(200, { 'content-length': '1000' })
      response.write('abc', () => response.destroy())
    },
  })
  const download = await slowDownload(backend.url, 100_000)
  await assert.rejects(download.done, /aborted/)
})

test('a WebSocket hears its own words, and an upgrade to something else its own bytes', async (t) => {
  const backend = await startUpgradeBackend(t)
  const socket = await openWebSocket(t, `ws://${backend.address}/chat`)
  assert.equal(await socket.ask('one'), 'one')
  assert.equal(await socket.ask('two'), 'two')
  const raw = await openUpgrade(t, `${backend.url}/raw`, 'echo/1')
  raw.write('bytes')
  assert.equal(String((await once(raw, 'data'))[0]), 'bytes')
  assert.deepEqual(
    backend.requests.map(({ url }) => url),
    ['/chat', '/raw'],
  )
})

test('an upgrade that is refused rejects', async (t) => {
  const backend = await startBackend(t)
  await assert.rejects(openWebSocket(t, `ws://${backend.address}/`))
  await assert.rejects(openUpgrade(t, backend.url, 'echo/1'), /answered 200/)
})

test('a WebSocket that is asked while it closes rejects', async (t) => {
  const backend = await startUpgradeBackend(t)
  const socket = await openWebSocket(t, `ws://${backend.address}/`)
  const asked = socket.ask('one')
  await backend.close()
  await asked.then(
    () => assert.rejects(socket.ask('two')),
    () => undefined, // closed before the first answer: also what this test is about
  )
  await eventually('the close', () => !socket.open)
})

test('a load counts answers, wrong answers and connections that the server drops', async (t) => {
  let served = 0
  const backend = await startBackend(t, {
    handler: (_request, response) => {
      served++
      if (served % 10 === 0) response.setHeader('connection', 'close')
      response.end(served % 7 === 0 ? 'bad' : 'good')
    },
  })
  const load = startLoad({
    url: backend.url,
    clients: 2,
    check: (status, body) => (status === 200 && body === 'good' ? undefined : `${status} ${body}`),
  })
  await eventually('a hundred answers', () => load.counts.answered >= 100)
  const counts = await load.stop()
  assert.equal(counts.answered, served)
  assert.equal(counts.failed, Math.floor(served / 7))
  assert.equal(counts.failures[0], '200 bad')
})

test('a load notices kept connections that are cut between requests', async (t) => {
  const backend = await startBackend(t, {
    handler: (request, response) => {
      response.end('good', () => setImmediate(() => request.socket.destroy()))
    },
  })
  const load = startLoad({ url: backend.url, clients: 1, check: () => undefined, pause: 20 })
  await eventually('some drops', () => load.counts.dropped >= 3)
  const { dropped } = await load.stop()
  assert.ok(dropped >= 3)
})
