import assert from 'node:assert/strict'
import { once } from 'node:events'
import { constants } from 'node:http2'
import { describe, test } from 'node:test'
import { eventually } from '@vrata/testkit'
import type { Exchange } from '../../exchange.ts'
import { answerFailure } from '../../forwarding/answer-failure.ts'
import { HeaderLines } from '../../headers/header-lines.ts'
import { openEngine } from '../testing/engine.ts'
import { http2Session, request, streamClosed } from '../testing/http2-client.ts'
import { siteKey, sitePem } from '../testing/tls-material.ts'

const http2 = { http2: true } as const
const tls = { cert: sitePem, key: siteKey }

/** Says what is known of the request, with its body and trailers. */
function tell(exchange: Exchange): void {
  const { requestBody, downstream, method, path, query, host, authority, scheme } = exchange
  const chunks: Buffer[] = []
  const answer = (trailers: readonly string[]) => {
    const headers = Object.fromEntries(exchange.headers)
    const body = Buffer.concat(chunks).toString()
    const known = { method, path, query, host, authority, scheme, headers, trailers, body }
    downstream.answer(200, ['x-by', 'us', 'set-cookie', 'a', 'set-cookie', 'b'], Buffer.from(JSON.stringify(known)))
  }
  if (requestBody === undefined) {
    answer([])
    return
  }
  requestBody.deliverTo({
    onChunk: (chunk) => void chunks.push(Buffer.from(chunk)),
    onEnd: answer,
    onFailure: (failure) => answerFailure(exchange, failure),
  })
  requestBody.resume()
}

for (const [name, fields] of [
  ['clear text', http2],
  ['TLS', { ...http2, tls }],
] as const) {
  describe(`HTTP/2 in ${name}`, () => {
    const secure = 'tls' in fields

    test('requests are what they are on HTTP/1.1', async (t) => {
      const { port, settled } = await openEngine(t, tell, fields)
      const session = await http2Session(t, port, secure)
      const { status, headers, body } = await request(
        session,
        {
          ':path': '/a/%2e%2e/b?q=1',
          ':method': 'POST',
          ':authority': 'A.example:8443',
          'x-a': ['1', '2'],
          cookie: ['a=1', 'b=2'],
          x_under: 'score',
          'x-forwarded-for': '9.9.9.9',
          te: 'trailers',
        },
        'hello',
        { sum: '1', x_sum: '2', 'x-forwarded-client-cert': 'forged' },
      )
      assert.equal(status, 200)
      assert.equal(headers['x-by'], 'us')
      assert.deepEqual(headers['set-cookie'], ['a', 'b'])
      assert.match(String(headers['date']), /GMT$/)
      assert.deepEqual(JSON.parse(body), {
        method: 'POST',
        path: '/b',
        query: 'q=1',
        host: 'a.example',
        authority: 'A.example:8443',
        scheme: secure ? 'https' : 'http',
        headers: { 'x-a': '1, 2', te: 'trailers', cookie: 'a=1; b=2' },
        trailers: ['sum', '1'],
        body: 'hello',
      })
      session.close()
      await settled()
    })

    test('a browser with very many cookies is understood', async (t) => {
      const { port, settled } = await openEngine(t, tell, fields)
      const session = await http2Session(t, port, secure)
      const crumbs = Array.from({ length: 180 }, (_, n) => `c${n}=${n}`)
      const { status, body } = await request(session, { cookie: crumbs })
      assert.equal(status, 200)
      assert.equal(JSON.parse(body).headers.cookie, crumbs.join('; '))
      session.close()
      await settled()
    })

    test('many streams go on at once, and each gets its own answer', async (t) => {
      const { port, settled } = await openEngine(t, tell, fields)
      const session = await http2Session(t, port, secure)
      const outcomes = await Promise.all(
        Array.from({ length: 300 }, (_, n) => request(session, { ':path': `/${n}`, ':method': 'PUT' }, `body ${n}`)),
      )
      for (const [n, { body }] of outcomes.entries()) {
        const known = JSON.parse(body)
        assert.deepEqual([known.path, known.body], [`/${n}`, `body ${n}`])
      }
      session.close()
      await settled()
    })

    test('a long answer is taken at the pace of the client', async (t) => {
      const body = Buffer.alloc(3_000_000, 'x')
      const { port, settled } = await openEngine(t, ({ downstream }) => downstream.answer(200, [], body), fields)
      const session = await http2Session(t, port, secure)
      const outcome = await request(session)
      assert.equal(outcome.body.length, body.length)
      assert.equal(outcome.headers['content-length'], String(body.length))
      session.close()
      await settled()
    })
  })
}

describe('answers on HTTP/2', () => {
  test('have interim heads, bodies of unknown length, and trailers', async (t) => {
    const { port, settled } = await openEngine(
      t,
      ({ downstream, path }) => {
        downstream.inform(103, ['link', '</a>'])
        const lines = new HeaderLines()
        lines.add('X-Upper', 'Kept')
        downstream.head(200, lines, 'unknown')
        if (path !== '/trailers-only') downstream.write(Buffer.from('hello'))
        downstream.end(['Grpc-Status', '0'])
      },
      http2,
    )
    const session = await http2Session(t, port)
    const { interim, headers, body, trailers, code } = await request(session)
    assert.deepEqual(
      [interim, headers['x-upper'], body, trailers['grpc-status'], code],
      [[103], 'Kept', 'hello', '0', 0],
    )
    assert.equal((await request(session, { ':path': '/trailers-only' })).trailers['grpc-status'], '0')
    session.close()
    await settled()
  })

  test('without a body end with their head', async (t) => {
    const { port, settled } = await openEngine(
      t,
      ({ downstream, path }) => {
        if (path === '/own') downstream.answer(204, [], Buffer.alloc(0))
        else {
          downstream.head(200, new HeaderLines(), 'unknown')
          downstream.end([])
        }
      },
      http2,
    )
    const session = await http2Session(t, port)
    for (const path of ['/own', '/forwarded']) {
      const stream = session.request({ ':path': path })
      const [, flags] = await once(stream, 'response')
      assert.notEqual(flags & constants.NGHTTP2_FLAG_END_STREAM, 0, path)
      stream.resume()
      await streamClosed(stream)
    }
    const head = await request(session, { ':method': 'HEAD', ':path': '/own' })
    assert.equal(head.status, 204)
    session.close()
    await settled()
  })

  test('to HEAD say how long they would be', async (t) => {
    const { port, settled } = await openEngine(
      t,
      ({ downstream }) => downstream.answer(200, [], Buffer.from('hello')),
      http2,
    )
    const session = await http2Session(t, port)
    const { headers, body } = await request(session, { ':method': 'HEAD' })
    assert.deepEqual([headers['content-length'], body], ['5', ''])
    session.close()
    await settled()
  })

  test('have the lines that were received, as often as they were, whatever their names', async (t) => {
    const lines = ['etag', 'a', 'etag', 'b', 'x-content-type-options', 'nosniff', 'x-content-type-options', 'nosniff']
    lines.push('__proto__', 'a', 'constructor', 'b', 'to-string', 'c')
    const { port, settled } = await openEngine(
      t,
      ({ downstream }) => {
        const head = new HeaderLines()
        for (let at = 0; at < lines.length; at += 2) head.add(lines[at] ?? '', lines[at + 1] ?? '')
        head.add('date', 'today')
        downstream.inform(103, lines)
        downstream.head(200, head, 'unknown')
        downstream.write(Buffer.from('body'))
        downstream.end(lines)
      },
      http2,
    )
    const session = await http2Session(t, port)
    const stream = session.request({ ':path': '/' })
    const received: unknown[] = []
    for (const event of ['headers', 'response', 'trailers']) {
      stream.on(event, (_headers, _flags, raw: string[]) => received.push(raw.filter((text) => text !== ':status')))
    }
    stream.resume()
    await streamClosed(stream)
    assert.equal(stream.rstCode, constants.NGHTTP2_NO_ERROR)
    assert.deepEqual(received, [['103', ...lines], ['200', ...lines, 'date', 'today'], lines])
    session.close()
    await settled()
  })

  test('whose trailers cannot be written are broken off', async (t) => {
    const { port, settled, mistakes } = await openEngine(
      t,
      ({ downstream }) => {
        downstream.head(200, new HeaderLines(), 'unknown')
        downstream.write(Buffer.from('body'))
        downstream.end(['keep-alive', 'timeout=5'])
      },
      http2,
    )
    const session = await http2Session(t, port)
    assert.equal((await request(session)).code, constants.NGHTTP2_INTERNAL_ERROR)
    assert.equal(mistakes.splice(0).length, 1)
    session.close()
    await settled()
  })

  test('with long heads arrive', async (t) => {
    const { port, settled } = await openEngine(
      t,
      ({ downstream }) => {
        const lines = new HeaderLines()
        for (let n = 0; n < 2; n++) lines.add(`x-${n}`, 'x'.repeat(50_000))
        downstream.head(200, lines, 2)
        downstream.write(Buffer.from('ok'))
        downstream.end([])
      },
      http2,
    )
    const session = await http2Session(t, port)
    const { status, headers, body } = await request(session)
    assert.deepEqual([status, headers['x-1']?.length, body], [200, 50_000, 'ok'])
    session.close()
    await settled()
  })

  test('come early: the client is told that nobody reads the rest', async (t) => {
    const { port, settled } = await openEngine(
      t,
      ({ downstream }) => downstream.answer(403, [], Buffer.from('no')),
      http2,
    )
    const session = await http2Session(t, port)
    const stream = session.request({ ':method': 'POST', ':path': '/' })
    stream.on('error', () => undefined)
    stream.write(Buffer.alloc(1_000_000))
    const [headers] = await once(stream, 'response')
    assert.equal(headers[':status'], 403)
    stream.resume()
    await streamClosed(stream)
    assert.equal(stream.rstCode, constants.NGHTTP2_NO_ERROR)
    assert.equal((await request(session)).status, 403)
    session.close()
    await settled()
  })

  test('that are broken off reset the stream and nothing else', async (t) => {
    const { port, settled } = await openEngine(
      t,
      ({ downstream, path }) => {
        if (path === '/cut') {
          downstream.head(200, new HeaderLines(), 100)
          downstream.write(Buffer.from('hello'))
          setImmediate(() => downstream.cut())
        } else downstream.answer(200, [], Buffer.from('fine'))
      },
      http2,
    )
    const session = await http2Session(t, port)
    const [cut, fine] = await Promise.all([request(session, { ':path': '/cut' }), request(session)])
    assert.equal(cut?.code, constants.NGHTTP2_INTERNAL_ERROR)
    assert.equal(fine?.body, 'fine')
    session.close()
    await settled()
  })

  test('of our own to gRPC carry the failure in a head that ends the stream', async (t) => {
    const { port, settled } = await openEngine(t, () => assert.fail('served'), http2)
    const session = await http2Session(t, port)
    const stream = session.request({ ':path': '/..', ':method': 'POST', 'content-type': 'application/grpc' })
    const [headers, flags] = await once(stream, 'response')
    assert.deepEqual([headers[':status'], headers['grpc-status'], headers['content-length']], [200, '3', undefined])
    assert.notEqual(flags & constants.NGHTTP2_FLAG_END_STREAM, 0)
    stream.resume()
    await streamClosed(stream)
    session.close()
    await settled()
  })
})

describe('requests on HTTP/2', () => {
  test('are invited to send their body when somebody wants it', async (t) => {
    let held: Exchange | undefined
    const { port, settled } = await openEngine(
      t,
      (exchange) => {
        held = exchange
      },
      http2,
    )
    const session = await http2Session(t, port)
    const stream = session.request({ ':method': 'POST', ':path': '/', expect: '100-continue' })
    await eventually('the request', () => held !== undefined)
    const invited = once(stream, 'continue')
    if (held !== undefined) tell(held)
    await invited
    stream.end('body')
    let text = ''
    stream.on('data', (chunk) => {
      text += String(chunk)
    })
    await streamClosed(stream)
    assert.equal(JSON.parse(text).body, 'body')
    session.close()
    await settled()
  })

  test('are held back until somebody wants their body', async (t) => {
    let held: Exchange | undefined
    const { port, settled } = await openEngine(
      t,
      (exchange) => {
        held = exchange
      },
      http2,
    )
    const session = await http2Session(t, port)
    const size = 5_000_000
    const stream = session.request({ ':method': 'POST', ':path': '/' })
    stream.end(Buffer.alloc(size))
    await eventually('the request', () => held !== undefined)
    const { remoteWindowSize: window = 0 } = session.state
    await eventually('the client to be stuck', () => stream.bufferSize > size - 2_000_000 && window > 0)
    let received = 0
    held?.requestBody?.deliverTo({
      onChunk: (chunk) => {
        received += chunk.length
      },
      onEnd: () => held?.downstream.answer(200, [], Buffer.from(String(received))),
      onFailure: () => assert.fail(),
    })
    held?.requestBody?.resume()
    let text = ''
    stream.on('data', (chunk) => {
      text += String(chunk)
    })
    await streamClosed(stream)
    assert.equal(text, String(size))
    session.close()
    await settled()
  })

  test('that the client takes back are given up', async (t) => {
    const gone: string[] = []
    const { port, settled, inFlight } = await openEngine(
      t,
      (exchange) => {
        exchange.downstream.events = { onDrain: () => undefined, onClientGone: () => void gone.push(exchange.path) }
        if (exchange.path === '/begun') exchange.downstream.head(200, new HeaderLines(), 'unknown')
      },
      http2,
    )
    const session = await http2Session(t, port)
    for (const path of ['/one', '/begun']) {
      const stream = session.request({ ':path': path })
      stream.on('error', () => undefined)
      await eventually('the request', () => inFlight.size === 1)
      stream.close(constants.NGHTTP2_CANCEL)
      await eventually('its end', () => inFlight.size === 0)
    }
    session.request({ ':path': '/lost' }).on('error', () => undefined)
    await eventually('the request', () => inFlight.size === 1)
    session.destroy()
    await eventually('its end', () => inFlight.size === 0)
    assert.deepEqual(gone, ['/one', '/begun', '/lost'])
    await settled()
  })

  test('over the limits of the listener are told so, whatever the limit', async (t) => {
    const limits = { maxUrlBytes: 100, maxHeaders: 20, maxBodyBytes: 10 }
    const { port, settled } = await openEngine(t, tell, { ...http2, limits, maxRequestHeadersKB: 1 })
    const session = await http2Session(t, port)
    const many = Object.fromEntries(Array.from({ length: 25 }, (_, n) => [`h${n}`, '1']))
    const rows: readonly [status: number, headers: Record<string, string>, body?: string][] = [
      [414, { ':path': `/${'x'.repeat(100)}` }],
      [431, many],
      [431, { big: 'x'.repeat(1024) }],
      [413, { ':method': 'POST', 'content-length': '11' }, 'hello world'],
      [413, { ':method': 'POST' }, 'hello world'],
      [200, { ':method': 'POST' }, 'hello'],
    ]
    for (const [status, headers, body] of rows) {
      const outcome = await request(session, headers, body)
      assert.equal(outcome.status, status, JSON.stringify(headers))
      if (status !== 200) assert.equal(JSON.parse(outcome.body).status, status)
    }
    session.close()
    await settled()
  })
})

describe('limits of time on HTTP/2', () => {
  const turn = async () => {
    for (let at = 0; at < 5; at++) await new Promise(setImmediate)
  }

  test('a body that stops coming is answered 408, one that nobody wants is not waited for', async (t) => {
    let held: Exchange | undefined
    const { port, clock, settled } = await openEngine(
      t,
      (exchange) => {
        held = exchange
      },
      http2,
    )
    const session = await http2Session(t, port)
    const stream = session.request({ ':method': 'POST', ':path': '/' })
    stream.write('hello')
    await eventually('the request', () => held !== undefined)
    clock.advance(3_600_000)
    if (held !== undefined) tell(held)
    await turn()
    clock.advance(59_000)
    stream.write('more')
    await turn()
    clock.advance(59_000)
    await turn()
    const response = once(stream, 'response')
    clock.advance(1_100)
    assert.equal((await response)[0][':status'], 408)
    stream.resume()
    await streamClosed(stream)
    session.close()
    await settled()
  })

  test('a request as a whole is bounded where the listener says so', async (t) => {
    const { port, clock, settled } = await openEngine(t, tell, { ...http2, timeouts: { clientRequestTotal: '90s' } })
    const session = await http2Session(t, port)
    const stream = session.request({ ':method': 'POST', ':path': '/' })
    const response = once(stream, 'response')
    for (let at = 0; at < 10; at++) {
      stream.write('x')
      await turn()
      clock.advance(10_000)
    }
    assert.equal((await response)[0][':status'], 408)
    stream.resume()
    await streamClosed(stream)
    session.close()
    await settled()
  })

  test('a client that opens no window is given up, stream by stream', async (t) => {
    let gone = 0
    const { port, clock, settled, inFlight } = await openEngine(
      t,
      ({ downstream, path }) => {
        if (path === '/fine') {
          downstream.answer(200, [], Buffer.from('fine'))
          return
        }
        const fill = () => {
          while (downstream.write(Buffer.alloc(16_384)));
        }
        downstream.events = { onDrain: fill, onClientGone: () => void gone++ }
        downstream.head(200, new HeaderLines(), 'unknown')
        fill()
      },
      http2,
    )
    const session = await http2Session(t, port)
    const stream = session.request({ ':path': '/' })
    const closed = streamClosed(stream)
    stream.pause()
    await once(stream, 'response')
    assert.equal(inFlight.size, 1)
    await turn()
    clock.advance(59_000)
    await turn()
    assert.equal(gone, 0)
    clock.advance(20_000)
    await eventually('the end', () => gone === 1)
    stream.resume()
    await closed
    assert.equal(stream.rstCode, constants.NGHTTP2_CANCEL)
    assert.equal((await request(session, { ':path': '/fine' })).body, 'fine')
    session.close()
    await settled()
  })

  test('a connection without requests is told to go when its time is over', async (t) => {
    const { port, clock, settled } = await openEngine(t, tell, http2)
    const session = await http2Session(t, port)
    for (let round = 0; round < 3; round++) {
      assert.equal((await request(session)).status, 200)
      await turn()
      clock.advance(119_000)
      await turn()
    }
    const goaway = once(session, 'goaway')
    clock.advance(1_100)
    assert.equal((await goaway)[0], constants.NGHTTP2_NO_ERROR)
    if (!session.destroyed) await once(session, 'close')
    await settled()
  })

  test('streams may go on for ever', async (t) => {
    let stream: Exchange | undefined
    const { port, clock, settled } = await openEngine(
      t,
      (exchange) => {
        stream = exchange
        exchange.downstream.head(200, new HeaderLines(), 'unknown')
      },
      http2,
    )
    const session = await http2Session(t, port)
    const events = session.request({ ':path': '/' })
    await once(events, 'response')
    for (let event = 0; event < 3; event++) {
      clock.advance(24 * 3_600_000)
      stream?.downstream.write(Buffer.from('event'))
      await once(events, 'data')
    }
    stream?.downstream.end([])
    await streamClosed(events)
    session.close()
    await settled()
  })
})

describe('draining on HTTP/2', () => {
  test('lets what is under way end, takes no more, and tells so', async (t) => {
    let stream: Exchange | undefined
    const { port, engine, settled } = await openEngine(
      t,
      (exchange) => {
        stream = exchange
        exchange.downstream.head(200, new HeaderLines(), 'unknown')
      },
      http2,
    )
    const session = await http2Session(t, port)
    const busy = request(session)
    await eventually('the request', () => stream !== undefined)
    const goaway = once(session, 'goaway')
    const drained = engine.drain(10_000)
    assert.equal((await goaway)[0], constants.NGHTTP2_NO_ERROR)
    stream?.downstream.write(Buffer.from('still'))
    stream?.downstream.end([])
    assert.equal((await busy).body, 'still')
    await drained
    await settled()
  })

  test('cuts what is left when the time is over', async (t) => {
    const { port, engine, settled, inFlight } = await openEngine(t, () => undefined, http2)
    const session = await http2Session(t, port)
    const busy = request(session)
    await eventually('the request', () => inFlight.size === 1)
    await engine.drain(100)
    assert.equal((await busy).status, undefined)
    await settled()
  })
})
