import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { ask, eventually, own, rawExchange, type Scope } from '@vrata/testkit'
import { startInProcess } from '../../testing/in-process.ts'

type Handle = (stream: ServerHttp2Stream, headers: Record<string, unknown>) => void

/** A gateway in front of an endpoint that speaks HTTP/2 in clear text, and only that. */
async function before(t: Scope, handle: Handle) {
  const server: Http2Server = createServer()
  server.on('stream', handle)
  server.on('session', (session) => session.on('error', () => undefined))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  own(t, () => server.close())
  const { port } = server.address() as AddressInfo
  return startInProcess(t, (s, at) =>
    s
      .listener('main', at, { http2: true, drainTimeout: '0s' })
      .destination('d', `127.0.0.1:${port}`, { options: { http2: true } })
      .forward('r', '/', 'd'),
  )
}

test('a client of HTTP/1.1 and an endpoint of HTTP/2: head, body, trailers', async (t) => {
  const proxy = await before(t, (stream, headers) => {
    assert.equal(headers[':authority'], 'a.example')
    assert.equal(headers['x-forwarded-for'], '127.0.0.1')
    assert.equal(headers['x-drop'], undefined)
    stream.respond({ ':status': 200, 'x-a': '1', trailer: 'x-sum' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '7' }))
    stream.end('hello')
  })
  const answer = await rawExchange(
    proxy.port,
    'GET / HTTP/1.1\r\nhost: a.example\r\nconnection: close, x-drop\r\nx-drop: 1\r\n\r\n',
  )
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/)
  assert.match(answer, /\r\nx-a: 1\r\n/)
  assert.match(answer, /\r\ntransfer-encoding: chunked\r\n/)
  assert.ok(answer.endsWith('5\r\nhello\r\n0\r\nx-sum: 7\r\n\r\n'), answer)
})

test('requests of many clients share a connection of HTTP/2', async (t) => {
  const proxy = await before(t, (stream) => {
    stream.respond({ ':status': 200 })
    stream.end('ok')
  })
  const answers = await Promise.all(Array.from({ length: 40 }, () => ask(proxy.url)))
  for (const { body } of answers) assert.equal(body, 'ok')
  const [endpoint] = proxy.activation.gateway?.destinations.get('d')?.endpoints ?? []
  await eventually('nothing to be in flight', () => endpoint?.load().inFlight === 0)
  assert.equal(endpoint?.load().connections, 1)
})

test('gRPC from end to end: both directions stream, and the status comes in trailers', async (t) => {
  const proxy = await before(t, (stream, headers) => {
    assert.equal(headers['te'], 'trailers')
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    stream.pipe(stream)
  })
  const session = connect(proxy.url)
  own(t, () => session.close())
  const call = session.request({ ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' })
  const heard: string[] = []
  const trailers = once(call, 'trailers')
  call.setEncoding('latin1')
  for (const word of ['one', 'two']) {
    call.write(word)
    heard.push(String((await once(call, 'data'))[0]))
  }
  call.resume()
  call.end()
  assert.deepEqual(heard, ['one', 'two'])
  assert.equal((await trailers)[0]['grpc-status'], '0')
})

test('a gRPC answer that is trailers only', async (t) => {
  const proxy = await before(t, (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '5' }, { endStream: true })
  })
  const session = connect(proxy.url)
  own(t, () => session.close())
  const call = session.request({ ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' })
  call.end()
  const [headers, flags] = await once(call, 'response')
  assert.equal(headers['grpc-status'], '5')
  assert.equal(flags & 1, 1, 'the head is the end')
  call.resume()
  await once(call, 'close')
})

test('an endpoint that resets its stream cuts the answer of the client', async (t) => {
  const proxy = await before(t, (stream) => {
    stream.on('error', () => undefined)
    stream.respond({ ':status': 200 })
    stream.write('hello', () => stream.destroy(new Error('gone')))
  })
  const answer = await rawExchange(proxy.port, 'GET / HTTP/1.1\r\nhost: a\r\n\r\n')
  assert.ok(!answer.endsWith('0\r\n\r\n'), answer)
  assert.equal(proxy.activation.gateway?.exchanges.size, 0)
})
