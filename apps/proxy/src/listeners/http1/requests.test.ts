import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, test } from 'node:test'
import type { ListenerInput } from '@vrata/model'
import { eventually, rawExchange } from '@vrata/testkit'
import type { Exchange } from '../../exchange.ts'
import { HeaderLines } from '../../headers/header-lines.ts'
import { openEngine } from '../testing/engine.ts'
import { rawClient } from '../testing/raw-client.ts'

const hello = Buffer.from('hello')

/** Answers at once, whatever comes. */
const answerHello = ({ downstream }: Exchange) => downstream.answer(200, ['x-by', 'us'], hello)

/** Reads the whole body and answers with it, and with the trailers. */
function echo(exchange: Exchange): void {
  const { requestBody, downstream } = exchange
  if (requestBody === undefined) {
    downstream.answer(200, [], Buffer.from('no body'))
    return
  }
  const chunks: Buffer[] = []
  requestBody.deliverTo({
    onChunk: (chunk) => void chunks.push(Buffer.from(chunk)),
    onEnd: (trailers) => downstream.answer(200, ['x-trailers', trailers.join()], Buffer.concat(chunks)),
    onFailure: (failure) => downstream.answer(failure.status, [], Buffer.from(failure.reason)),
  })
  requestBody.resume()
}

const get = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n'
const last = 'GET /last HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n'

/** Heads and bodies of the responses in what a client got, whose bodies all have a Content-Length. */
function responses(text: string): { readonly head: string; readonly body: string }[] {
  const found = []
  for (let rest = text; rest !== ''; ) {
    const end = rest.indexOf('\r\n\r\n') + 4
    const head = rest.slice(0, end)
    const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? '0')
    found.push({ head, body: rest.slice(end, end + length) })
    rest = rest.slice(end + length)
  }
  return found
}

describe('answers', () => {
  test('carry a length, a date, and no word about the connection while it is kept', async (t) => {
    const { port, settled } = await openEngine(t, answerHello)
    const client = await rawClient(t, port)
    client.send(get)
    const text = await client.until('hello')
    assert.match(
      text,
      /^HTTP\/1\.1 200 OK\r\nx-by: us\r\ndate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\ncontent-length: 5\r\n\r\nhello$/,
    )
    client.send(last)
    const [, second] = responses(await client.untilClosed())
    assert.match(second?.head ?? '', /\r\nconnection: close\r\n/)
    await settled()
  })

  test('to requests in one packet come in one piece, in order, and one by one when the request is cut anywhere', async (t) => {
    const paths: string[] = []
    const { port, settled } = await openEngine(t, (exchange) => {
      paths.push(exchange.path)
      exchange.downstream.answer(200, [], Buffer.from(exchange.path))
    })
    const all = `${get.replace('/', '/1')}POST /2 HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc${get.replace('/', '/3')}${last}`
    assert.deepEqual(
      responses(await rawExchange(port, all)).map(({ body }) => body),
      ['/1', '/2', '/3', '/last'],
    )
    const client = await rawClient(t, port)
    for (const byte of all) {
      client.send(byte)
      await new Promise(setImmediate)
    }
    assert.deepEqual(
      responses(await client.untilClosed()).map(({ body }) => body),
      ['/1', '/2', '/3', '/last'],
    )
    assert.equal(paths.length, 8)
    await settled()
  })

  test('to HEAD have the head of what GET gets, and no body', async (t) => {
    const { port, settled } = await openEngine(t, answerHello)
    const text = await rawExchange(port, last.replace('GET', 'HEAD'))
    assert.match(text, /\r\ncontent-length: 5\r\n[\s\S]*\r\n\r\n$/)
    await settled()
  })

  test('to HTTP/1.0 close, or say that they do not, and end with the connection when their length is unknown', async (t) => {
    const { port, settled } = await openEngine(t, ({ downstream, path }) => {
      if (path === '/') return downstream.answer(200, [], hello)
      downstream.head(200, new HeaderLines(), 'unknown')
      downstream.write(hello)
      return downstream.end(['sum', '1'])
    })
    assert.match(await rawExchange(port, 'GET / HTTP/1.0\r\nhost: a\r\n\r\n'), /\r\nconnection: close\r\n\r\nhello$/)
    const kept = await rawExchange(port, `GET / HTTP/1.0\r\nhost: a\r\nconnection: keep-alive\r\n\r\n${last}`)
    assert.match(kept, /^HTTP\/1\.1 200 OK\r\n[\s\S]*connection: keep-alive\r\n\r\nhelloHTTP\/1\.1/)
    const open = await rawExchange(port, 'GET /x HTTP/1.0\r\nhost: a\r\nconnection: keep-alive\r\n\r\n')
    assert.match(open, /^HTTP\/1\.1 200 OK\r\ndate: [^\r]*\r\nconnection: close\r\n\r\nhello$/)
    await settled()
  })

  test('of unknown length are chunked, trailers behind', async (t) => {
    const { port, settled } = await openEngine(t, ({ downstream }) => {
      const lines = new HeaderLines()
      lines.add('date', 'once')
      downstream.inform(103, ['link', '</a>'])
      downstream.head(200, lines, 'unknown')
      downstream.write(hello)
      downstream.end(['sum', '1', 'content-length', '9'])
    })
    const text = await rawExchange(port, last)
    assert.equal(
      text,
      'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ndate: once\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n5\r\nhello\r\n0\r\nsum: 1\r\n\r\n',
    )
    await settled()
  })

  test('whose head has no body yet are seen at the end of the turn', async (t) => {
    let stream: Exchange | undefined
    const { port, settled } = await openEngine(t, (exchange) => {
      stream = exchange
      exchange.downstream.head(200, new HeaderLines(), 'unknown')
    })
    const client = await rawClient(t, port)
    client.send(last)
    await client.until('\r\n\r\n')
    stream?.downstream.write(hello)
    await client.until('hello')
    stream?.downstream.end([])
    await client.untilClosed()
    await settled()
  })

  test('longer than a connection takes at once arrive whole', async (t) => {
    const body = Buffer.alloc(5_000_000, 'x')
    const { port, settled } = await openEngine(t, ({ downstream }) => downstream.answer(200, [], body))
    const text = await rawExchange(port, last)
    assert.equal(text.length - text.indexOf('\r\n\r\n') - 4, body.length)
    await settled()
  })

  test('that would be broken break the connection instead', async (t) => {
    const { port, mistakes, settled } = await openEngine(t, ({ downstream, path }) => {
      if (path === '/name') return downstream.answer(200, ['bad name', 'x'], hello)
      if (path === '/value') return downstream.answer(200, ['x', 'a\r\nb: c'], hello)
      downstream.head(200, new HeaderLines(), 10)
      downstream.write(hello)
      return downstream.end([])
    })
    for (const path of ['/name', '/value', '/length']) {
      const client = await rawClient(t, port)
      client.send(get.replace('/', path))
      assert.doesNotMatch(await client.untilClosed(), /b: c/)
    }
    assert.equal(mistakes.splice(0).length, 3)
    await settled()
  })
})

describe('request bodies', () => {
  test('reach whoever wants them, trailers too, without what must not be believed', async (t) => {
    const { port, settled } = await openEngine(t, echo)
    const chunked =
      'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nsum: 1\r\nx-forwarded-for: 1.1.1.1\r\nx_y: 2\r\n\r\n'
    const [first, second] = responses(await rawExchange(port, `${chunked}${last}`))
    assert.equal(first?.body, 'hello!')
    assert.match(first?.head ?? '', /\r\nx-trailers: sum,1\r\n/)
    assert.equal(second?.body, 'no body')
    await settled()
  })

  test('are not read before somebody wants them, and the client is made to wait', async (t) => {
    let held: Exchange | undefined
    const { port, settled } = await openEngine(t, (exchange) => {
      held = exchange
    })
    const client = await rawClient(t, port)
    const size = 30_000_000
    client.send(`POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: ${size}\r\n\r\n`)
    const all = Buffer.alloc(size, 'x')
    client.socket.write(all)
    await eventually('the request', () => held !== undefined)
    let stuck = -1
    await eventually('the client to be stuck', () => {
      const same = client.socket.writableLength === stuck
      stuck = client.socket.writableLength
      return same && stuck > 0
    })
    assert.ok(client.socket.writableLength > 0)
    let received = 0
    held?.requestBody?.deliverTo({
      onChunk: (chunk) => {
        received += chunk.length
      },
      onEnd: () => held?.downstream.answer(200, [], Buffer.from(String(received))),
      onFailure: assert.fail,
    })
    held?.requestBody?.resume()
    assert.match(await client.untilClosed(), new RegExp(`\\r\\n\\r\\n${size}$`))
    await settled()
  })

  test('that fit are held to the limit, declared or not', async (t) => {
    const { port, settled } = await openEngine(t, echo, { limits: { maxBodyBytes: 5 } })
    const post = (framing: string, body: string) =>
      rawExchange(port, `POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n${framing}\r\n\r\n${body}`)
    assert.match(await post('content-length: 5', 'hello'), /\r\n\r\nhello$/)
    assert.match(await post('transfer-encoding: chunked', '5\r\nhello\r\n0\r\n\r\n'), /\r\n\r\nhello$/)
    assert.match(await post('content-length: 6', 'hello!'), /^HTTP\/1\.1 413 [\s\S]*"error":"payload_too_large"/)
    assert.match(await post('transfer-encoding: chunked', '6\r\nhello!\r\n0\r\n\r\n'), /^HTTP\/1\.1 413 /)
    await settled()
  })

  test('are invited when somebody wants them, once, and not otherwise', async (t) => {
    let held: Exchange | undefined
    const { port, settled } = await openEngine(t, (exchange) => {
      if (exchange.path === '/no') exchange.downstream.answer(403, [], hello)
      else held = exchange
    })
    const ask = (path: string) => `PUT ${path} HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n`
    const client = await rawClient(t, port)
    client.send(ask('/'))
    await eventually('the request', () => held !== undefined)
    assert.equal(client.text, '')
    held?.downstream.inform(100, [])
    if (held !== undefined) echo(held)
    assert.equal(await client.until('\r\n\r\n'), 'HTTP/1.1 100 Continue\r\n\r\n')
    client.send('ok')
    assert.match(await client.until('ok'), /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/)
    client.send(ask('/no'))
    const rest = (await client.untilClosed()).split('ok').at(-1) ?? ''
    assert.match(rest, /^HTTP\/1\.1 403 Forbidden\r\n[\s\S]*connection: close\r\n\r\nhello$/)
    await settled()
  })

  test('that nobody wants are read to their end when that is not far, and the connection is used again', async (t) => {
    const { port, settled } = await openEngine(t, answerHello)
    const client = await rawClient(t, port)
    client.send('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 60000\r\n\r\n')
    assert.doesNotMatch(await client.until('hello'), /connection: close/)
    client.send(`${'x'.repeat(60_000)}${last}`)
    assert.equal(responses(await client.untilClosed()).length, 2)
    await settled()
  })

  test('that nobody wants and are long close the connection, after the client could read its answer', async (t) => {
    const { port, settled } = await openEngine(t, answerHello)
    const client = await rawClient(t, port)
    client.send('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 900000\r\n\r\n')
    client.send('x'.repeat(900_000))
    assert.match(await client.untilClosed(), /connection: close\r\n\r\nhello$/)
    await settled()
  })

  test('that go on for ever behind an answer are cut off', async (t) => {
    const { port, settled } = await openEngine(t, answerHello)
    const client = await rawClient(t, port)
    client.send('POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n')
    await client.until('hello')
    const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`
    const sending = setInterval(() => client.send(chunk), 1)
    t.after(() => clearInterval(sending))
    await client.untilClosed()
    await settled()
  })
})

describe('clients', () => {
  test('that leave while they are owed an answer are told of, and nothing is left of them', async (t) => {
    const gone: string[] = []
    const { port, settled, inFlight } = await openEngine(t, (exchange) => {
      exchange.downstream.events = { onDrain: () => undefined, onClientGone: () => gone.push(exchange.path) }
      if (exchange.path === '/begun') exchange.downstream.head(200, new HeaderLines(), 'unknown')
    })
    const leave: readonly [path: string, how: 'end' | 'resetAndDestroy'][] = [
      ['/end', 'end'],
      ['/reset', 'resetAndDestroy'],
      ['/begun', 'end'],
    ]
    for (const [path, how] of leave) {
      const client = await rawClient(t, port)
      client.send(get.replace('/', path))
      await eventually('the request', () => inFlight.size === 1)
      client.socket[how]()
      await eventually('its end', () => inFlight.size === 0)
    }
    assert.deepEqual(gone, ['/end', '/reset', '/begun'])
    await settled()
  })

  test('a thousand that abort in the middle of a body leave nothing behind', async (t) => {
    let failed = 0
    const { port, settled, inFlight, engine } = await openEngine(t, (exchange) => {
      exchange.downstream.events = { onDrain: () => undefined, onClientGone: () => void failed++ }
      const chunks: Buffer[] = []
      exchange.requestBody?.deliverTo({
        onChunk: (chunk) => void chunks.push(Buffer.from(chunk)),
        onEnd: () => assert.fail(),
        onFailure: assert.fail,
      })
      exchange.requestBody?.resume()
    })
    for (let round = 0; round < 10; round++) {
      const sockets = await Promise.all(
        Array.from({ length: 100 }, async (_, at) => {
          const socket = connect({ port, host: '127.0.0.1' })
          socket.on('error', () => undefined)
          await once(socket, 'connect')
          socket.write(`POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n${'x'.repeat(at * 9)}`)
          return socket
        }),
      )
      await eventually('all requests', () => inFlight.size === 100)
      for (const [at, socket] of sockets.entries()) {
        if (at % 2 === 0) socket.resetAndDestroy()
        else socket.destroy()
      }
      await eventually('all to be gone', () => engine.connections === 0)
    }
    assert.equal(failed, 1_000)
    await settled()
  })

  test('that do not read their answers get no further ones', async (t) => {
    let served = 0
    const body = Buffer.alloc(100_000, 'x')
    const { port, engine } = await openEngine(t, ({ downstream }) => {
      served++
      downstream.answer(200, [], body)
    })
    const socket = connect({ port, host: '127.0.0.1' })
    t.after(() => socket.destroy())
    socket.pause()
    const requests = 10_000
    socket.write(get.repeat(requests))
    let before = -1
    await eventually(
      'the server to stop',
      () => {
        const same = before === served && served > 0
        before = served
        return same
      },
      { every: 100 },
    )
    assert.ok(served < requests / 10, `${served} answers`)
    let received = 0
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length
    })
    socket.resume()
    await eventually('all answers', () => served === requests && received > requests * body.length, { timeout: 60_000 })
    assert.equal(engine.connections, 1)
  })
})

describe('rules', () => {
  test('of a new front are those of the next request on the living connection, the limits of the codec too', async (t) => {
    const { port, change, settled } = await openEngine(t, answerHello)
    const client = await rawClient(t, port)
    const many = `GET / HTTP/1.1\r\nhost: a\r\n${Array.from({ length: 20 }, (_, n) => `h${n}: 1\r\n`).join('')}\r\n`
    client.send(many)
    await client.until('hello')
    change({ limits: { maxHeaders: 10 } })
    client.send(many)
    assert.match(await client.untilClosed(), /hello[\s\S]*HTTP\/1\.1 431 [\s\S]*"reason":"too_many_fields"/)
    await settled()
  })

  const levels: readonly [detail: NonNullable<ListenerInput['proxyErrors']>['detail'], keys: readonly string[]][] = [
    ['minimal', ['error', 'status']],
    ['standard', ['error', 'status', 'message', 'reason']],
    ['full', ['error', 'status', 'message', 'reason', 'timestamp']],
  ]
  for (const [detail, keys] of levels) {
    test(`a refusal at level ${detail} has ${keys.join(', ')}`, async (t) => {
      const { port, settled } = await openEngine(t, answerHello, { proxyErrors: { detail }, serverName: 'edge' })
      const text = await rawExchange(port, 'GET / HTTP/1.1\nhost: a\n\n')
      assert.match(text, /\r\nserver: edge\r\n/)
      assert.deepEqual(Object.keys(JSON.parse(text.split('\r\n\r\n')[1] ?? '')), keys)
      await settled()
    })
  }
})
