import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { ask, begin, eventually, freePort, startBackend } from '@vrata/testkit'
import { startGateway } from '../gateway.ts'

test('each piece of a response reaches the client before the next one exists', async (t) => {
  const { url, base, activate } = await startGateway(t)
  const received = new Map<number, () => void>()
  const backend = await startBackend(t, {
    handler: async (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      for (let n = 1; n <= 5; n++) {
        const seen = new Promise<void>((resolve) => received.set(n, resolve))
        response.write(`data: ${n}\n\n`)
        await seen // the client has it: only now the next one is made
      }
      response.end()
    },
  })
  await activate(base.destination('a', backend.address).forward('all', '/', 'a'))
  const response = await begin(url)
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) {
    text += chunk
    for (const [n, resolve] of received) if (text.includes(`data: ${n}\n\n`)) resolve()
  }
  assert.equal(text, 'data: 1\n\ndata: 2\n\ndata: 3\n\ndata: 4\n\ndata: 5\n\n')
})

test('each piece of an upload reaches the backend before the next one is sent, and its answer may begin before the end', async (t) => {
  const { url, base, activate } = await startGateway(t)
  const backend = await startBackend(t, {
    recordBodies: false,
    handler: (request, response) => {
      response.writeHead(200)
      request.pipe(response)
    },
  })
  await activate(base.destination('a', backend.address).forward('all', '/', 'a'))
  const request = httpRequest(url, { method: 'POST', agent: false })
  request.write('piece 0 ')
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const pieces = response.setEncoding('utf8')[Symbol.asyncIterator]()
  let heard = String((await pieces.next()).value)
  for (let n = 1; n <= 4; n++) {
    request.write(`piece ${n} `)
    while (!heard.endsWith(`piece ${n} `)) heard += String((await pieces.next()).value)
  }
  request.end('end')
  while (!heard.endsWith('end')) heard += String((await pieces.next()).value)
  assert.equal((await pieces.next()).done, true)
  assert.equal(heard, 'piece 0 piece 1 piece 2 piece 3 piece 4 end')
})

test('50 MB go up and come back unchanged, with a length and in chunks', async (t) => {
  const { url, base, activate } = await startGateway(t)
  const body = randomBytes(50_000_000)
  const wanted = createHash('sha256').update(body).digest('hex')
  const backend = await startBackend(t, {
    recordBodies: false,
    handler: async (request, response) => {
      const hash = createHash('sha256')
      for await (const chunk of request) hash.update(chunk)
      response.setHeader('x-received', hash.digest('hex'))
      if (request.url === '/length') response.setHeader('content-length', body.length)
      response.end(body)
    },
  })
  await activate(base.destination('a', backend.address).forward('all', '/', 'a'))
  for (const [path, headers] of [
    ['/length', {}],
    ['/chunks', { 'transfer-encoding': 'chunked' }],
  ] as const) {
    const response = await begin(url + path, { method: 'POST', body, headers })
    const hash = createHash('sha256')
    for await (const chunk of response) hash.update(chunk)
    assert.equal(response.headers['x-received'], wanted, `${path}: up`)
    assert.equal(hash.digest('hex'), wanted, `${path}: down`)
  }
})

/** Waits until a growing number has stood still for a while; that number. */
async function settled(read: () => number): Promise<number> {
  for (let last = -1; ; ) {
    const now = read()
    if (now === last && now > 0) return now
    last = now
    await wait(300)
  }
}

test('a client that does not read holds the backend back, and gets everything once it reads', async (t) => {
  const { url, base, activate } = await startGateway(t)
  const size = 200_000_000
  let written = 0
  const backend = await startBackend(t, {
    handler: async (_request, response) => {
      response.writeHead(200, { 'content-length': size })
      const chunk = Buffer.alloc(100_000)
      while (written < size) {
        const more = response.write(chunk)
        written += chunk.length
        if (!more) await once(response, 'drain')
      }
      response.end()
    },
  })
  await activate(base.destination('a', backend.address).forward('all', '/', 'a'))
  const response = await begin(url)
  const held = await settled(() => written)
  assert.ok(held < (size * 3) / 4, `the backend could write ${held} bytes to a client that reads nothing`)
  let received = 0
  for await (const chunk of response) received += chunk.length
  assert.equal(received, size)
})

test('a backend that does not read holds the client back', async (t) => {
  const { url, base, activate } = await startGateway(t)
  const size = 200_000_000
  let go = (): void => {}
  const gate = new Promise<void>((resolve) => {
    go = resolve
  })
  const backend = await startBackend(t, {
    recordBodies: false,
    handler: async (request, response) => {
      await gate
      let received = 0
      for await (const chunk of request) received += chunk.length
      response.end(String(received))
    },
  })
  await activate(base.destination('a', backend.address).forward('all', '/', 'a'))
  const request = httpRequest(url, { method: 'POST', agent: false, headers: { 'content-length': size } })
  const answered = once(request, 'response') as Promise<[IncomingMessage]>
  let written = 0
  const upload = async (): Promise<void> => {
    const chunk = Buffer.alloc(100_000)
    while (written < size) {
      const more = request.write(chunk)
      written += chunk.length
      if (!more) await once(request, 'drain')
    }
    request.end()
  }
  const uploading = upload()
  const held = await settled(() => written)
  assert.ok(held < (size * 3) / 4, `the client could write ${held} bytes to a backend that reads nothing`)
  go()
  await uploading
  const [response] = await answered
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk
  assert.equal(text, String(size))
})

test('a client that goes away while it waits or reads ends the request at the backend', async (t) => {
  const { proxy, url, base, activate } = await startGateway(t)
  let closed = 0
  const backend = await startBackend(t, {
    handler: (request, response) => {
      response.on('close', () => {
        if (!response.writableFinished) closed++
      })
      if (request.url === '/wait') return
      response.writeHead(200)
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(50_000)));
      }
      response.on('drain', more)
      more()
    },
  })
  await activate(base.destination('a', backend.address).forward('all', '/', 'a').respond('own', '/own', 'hello'))

  const waiting = httpRequest(`${url}/wait`, { agent: false })
  waiting.on('error', () => undefined) // the abort below, seen from the client
  waiting.end()
  await eventually('the request at the backend', () => backend.requests.length === 1)
  waiting.destroy()
  await eventually('the backend to see the client go', () => closed === 1)

  const reading = await begin(`${url}/read`)
  reading.on('error', () => undefined) // the same here
  await once(reading, 'data')
  reading.destroy()
  await eventually('the backend to see the reader go', () => closed === 2)

  const uploading = httpRequest(`${url}/wait`, { agent: false, method: 'POST', headers: { 'content-length': 1000 } })
  uploading.on('error', () => undefined) // and here
  uploading.write('a part')
  await eventually('the upload at the backend', () => backend.requests.length === 3)
  uploading.destroy()
  await eventually('the backend to see the uploader go', () => closed === 3)

  assert.equal((await ask(`${url}/own`)).body, 'hello')
  assert.equal(proxy.program.running, true)
})

test('an answer that the backend cuts is cut for the client too', async (t) => {
  const { url, base, activate } = await startGateway(t)
  const backend = await startBackend(t, {
    handler: (request, response) => {
      if (request.url === '/length') response.writeHead(200, { 'content-length': 1000 })
      response.write('a part', () => setImmediate(() => response.destroy()))
    },
  })
  await activate(base.destination('a', backend.address).forward('all', '/', 'a'))
  for (const path of ['/length', '/chunks']) {
    const response = await begin(url + path)
    await assert.rejects(async () => {
      for await (const _ of response);
    }, /aborted/)
  }
})

test('backends that fail before they answer give an error in JSON with its reason', async (t) => {
  const { url, base, activate } = await startGateway(t)
  const closed = `127.0.0.1:${await freePort()}`
  const silent = await startBackend(t, { handler: (request) => void request.socket.destroy() })
  await activate(
    base
      .destination('closed', closed)
      .destination('silent', silent.address)
      .forward('closed', '/closed', 'closed')
      .forward('silent', '/silent', 'silent'),
  )
  for (const [path, status, error] of [
    ['/closed', 502, 'connection_refused'],
    ['/silent', 502, 'upstream_protocol_error'],
    ['/none', 404, 'no_route'],
  ] as const) {
    const answer = await ask(url + path)
    assert.equal(answer.status, status, path)
    assert.match(answer.headers['content-type'] ?? '', /^application\/json/)
    const said = JSON.parse(answer.body)
    assert.deepEqual([said.error, said.status], [error, status])
    assert.doesNotMatch(answer.body, /127\.0\.0\.1/, 'no address of ours is told at the default level')
  }
})
