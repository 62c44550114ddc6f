import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { RequestListener, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { createLogger } from '@vrata/service'
import { send } from '../testing/send.ts'
import { startServer } from './http-server.ts'

async function serve(t: TestContext, app: RequestListener): Promise<string> {
  const log = createLogger({ format: 'json', level: 'error' }, { write: () => undefined })
  const server = await startServer({ host: '127.0.0.1', port: 0, app, requestTimeout: 200, headerTimeout: 200, log })
  t.after(() => server.close(0))
  return `http://${server.address}`
}

/** Sends on a connection of its own; everything that comes back until it ends. */
async function exchange(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  let answer = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => (answer += chunk))
  socket.on('error', () => undefined) // the server may reset it
  socket.write(text)
  await once(socket, 'close')
  return answer
}

test('work that takes longer than a request may take to arrive is answered all the same', async (t) => {
  const url = await serve(t, (_req, res) => void setTimeout(() => res.end('done'), 800))
  assert.equal((await send(url, 'GET', '/')).text, 'done')
})

test('a client that neither reads nor ends its request is let go', async (t) => {
  const url = await serve(t, (req, res) => {
    if (req.url === '/begun') res.write('x')
  })
  assert.match(await exchange(url, 'GET /begun HTTP/1.1\r\nHost: a\r\n\r\n'), /^HTTP\/1\.1 200 /)
  assert.match(
    await exchange(url, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf'),
    /^(HTTP\/1\.1 408 |$)/,
  )
})

test('what is no request never stands in the place of an answer, nor within one', async (t) => {
  const url = await serve(t, (req, res) => {
    if (req.url === '/begun') res.write('x')
  })
  for (const path of ['/working', '/begun']) {
    const answer = await exchange(url, `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\nhello\r\n\r\n`)
    assert.doesNotMatch(answer, /HTTP\/1\.1 400 /, path)
  }
})

test('times that are no whole number, or longer than any timer, are taken as they are meant', async () => {
  const log = createLogger({ format: 'json', level: 'error' }, { write: () => undefined })
  const { promise: asked, resolve: begun } = Promise.withResolvers<ServerResponse>()
  const app: RequestListener = (_req, res) => begun(res)
  const times = { requestTimeout: 500.5, headerTimeout: 3e12 }
  const server = await startServer({ host: '127.0.0.1', port: 0, app, ...times, log })
  const answer = send(`http://${server.address}`, 'GET', '/')
  const response = await asked
  const closed = server.close(3e12)
  setTimeout(() => response.end('done'), 100)
  assert.equal((await answer).text, 'done')
  await closed
})
