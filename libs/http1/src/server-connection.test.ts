import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { completeLimits } from './limits.ts'
import { ServerConnection } from './server-connection.ts'
import { bytes, get, kinds, received, requestOf, text } from './testing/server.ts'

describe('reading', () => {
  test('a head gives everything that a gateway asks for', () => {
    const head = requestOf(
      received(
        'POST http://A.example:8080/x/y?q=1?2 HTTP/1.1\r\nHost: a.EXAMPLE:8080\r\nX-One:  1 \r\nConnection: close, X-One\r\nExpect: 100-continue\r\nContent-Length: 12\r\n\r\n',
      ).next(),
    )
    assert.equal(head.method, 'POST')
    assert.equal(head.target, 'http://A.example:8080/x/y?q=1?2')
    assert.equal(head.form, 'absolute')
    assert.equal(head.minor, 1)
    assert.equal(head.scheme, 'http')
    assert.deepEqual(head.authority, { text: 'A.example:8080', host: 'a.example', port: 8080 })
    assert.equal(head.path, '/x/y')
    assert.equal(head.query, 'q=1?2')
    assert.equal(head.framing, 'length')
    assert.equal(head.contentLength, 12)
    assert.equal(head.bodyLength, 12)
    assert.equal(head.persistent, false)
    assert.equal(head.expectContinue, true)
    assert.equal(head.upgrade, undefined)
    assert.equal(head.fields.get('x-one'), '1')
  })

  const targets: readonly [line: string, path: string, query: string][] = [
    ['GET /', '/', ''],
    ['GET /a?', '/a', ''],
    ['GET /?a=b', '/', 'a=b'],
    ['GET http://a', '/', ''],
    ['GET http://a?x', '/', 'x'],
    ['GET http://a/b/../c?x', '/b/../c', 'x'],
    ['OPTIONS *', '*', ''],
    ['OPTIONS http://a', '*', ''],
    ['OPTIONS http://a/', '/', ''],
  ]
  for (const [line, path, query] of targets) {
    test(`${line}: path ${path}, query ${query}`, () => {
      const head = requestOf(received(`${line} HTTP/1.1\r\nHost: a\r\n\r\n`).next())
      assert.deepEqual([head.path, head.query], [path, query])
    })
  }

  test('CONNECT has an authority and no path', () => {
    const head = requestOf(received('CONNECT A:443 HTTP/1.1\r\nHost: a\r\n\r\n').next())
    assert.deepEqual([head.path, head.query, head.authority], ['', '', { text: 'A:443', host: 'a', port: 443 }])
  })

  test('body bytes are views into what was received', () => {
    const chunk = bytes('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello')
    const connection = new ServerConnection()
    connection.receive(chunk)
    connection.next()
    const data = connection.next()
    assert.equal(data.kind, 'data')
    if (data.kind === 'data') assert.equal(data.bytes.buffer, chunk.buffer)
  })

  test('a body that comes in pieces is given out as they come', () => {
    const connection = received('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n')
    assert.deepEqual(kinds(connection), ['request', 'need-data'])
    connection.receive(bytes('he'))
    assert.deepEqual(kinds(connection), ['data', 'need-data'])
    connection.receive(bytes('llo'))
    assert.deepEqual(kinds(connection), ['data', 'end', 'paused'])
  })

  test('a client that ends between requests is closed without a refusal', () => {
    const connection = received()
    connection.receiveEnd()
    assert.deepEqual(kinds(connection), ['closed'])
    assert.equal(connection.done, true)
    assert.equal(connection.responseDue, false)
  })

  test('a connection is idle before, between and not within requests', () => {
    const connection = new ServerConnection()
    assert.equal(connection.idle, true)
    connection.receive(bytes('G'))
    connection.next()
    assert.equal(connection.idle, false)
    connection.receive(bytes(get.slice(1)))
    kinds(connection)
    assert.equal(connection.idle, false)
    connection.respond({ status: 204 })
    assert.equal(connection.idle, true)
  })
})

describe('pipelining', () => {
  test('the next request is read only after the response is complete', () => {
    const connection = received(get, 'GET /second HTTP/1.1\r\nHost: a\r\n\r\n')
    assert.deepEqual(kinds(connection), ['request', 'end', 'paused'])
    connection.start({ status: 200, length: 2 }, bytes('h'))
    assert.deepEqual(kinds(connection), ['paused'])
    connection.data(bytes('i'))
    assert.deepEqual(kinds(connection), ['paused'])
    connection.end()
    assert.equal(requestOf(connection.next()).target, '/second')
  })

  test('what waits is bounded; what came before the overflow is still read', () => {
    const limits = completeLimits({ buffered: 100 })
    const connection = new ServerConnection(limits)
    connection.receive(bytes(get))
    kinds(connection)
    for (let count = 0; count < 1000; count++) connection.receive(bytes(get))
    assert.ok(connection.buffered <= 100)
    const found: string[] = []
    for (let event = connection.next(); event.kind !== 'closed'; event = connection.next()) {
      found.push(event.kind === 'refused' ? event.reason : event.kind)
      if (event.kind === 'paused' || event.kind === 'refused') connection.respond({ status: 200 })
    }
    assert.deepEqual(found, [
      'paused',
      'request',
      'end',
      'paused',
      'request',
      'end',
      'paused',
      'request',
      'end',
      'paused',
      'buffer_overflow',
    ])
  })

  test('what waits outlives its buffers after detach', () => {
    const connection = new ServerConnection()
    const reused = Buffer.alloc(100)
    const pass = (text: string) => connection.receive(reused.subarray(0, reused.write(text, 'latin1')))
    pass(`${get}GET /wai`)
    assert.deepEqual(kinds(connection), ['request', 'end', 'paused'])
    connection.detach()
    pass('ted HTTP/1.1\r\nHost: a\r\n\r\n')
    connection.detach()
    reused.fill('!')
    connection.respond({ status: 200 })
    assert.equal(requestOf(connection.next()).target, '/waited')
  })

  test('a name that begins like that of the last head in the same line is read whole', () => {
    const connection = received('GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\n\r\n')
    kinds(connection)
    connection.respond({ status: 200 })
    connection.receive(bytes('GET / HTTP/1.1\r\nHost: a\r\nX-A-B: 2\r\nX: 3\r\n\r\n'))
    assert.deepEqual(
      [...requestOf(connection.next()).fields],
      [
        ['Host', 'a'],
        ['X-A-B', '2'],
        ['X', '3'],
      ],
    )
  })

  test('single bytes that wait do not cost a buffer each, and are read in order', () => {
    const connection = received(get)
    kinds(connection)
    const next = `GET /${'x'.repeat(2000)} HTTP/1.1\r\nHost: a\r\n\r\n`
    for (const byte of bytes(next)) connection.receive(Buffer.of(byte))
    assert.equal(connection.buffered, next.length)
    connection.respond({ status: 200 })
    assert.equal(requestOf(connection.next()).target.length, 2001)
  })

  test('requests that were pipelined before the client ended its side are all answered', () => {
    const connection = received(get, get)
    connection.receiveEnd()
    kinds(connection)
    assert.equal(text(connection.respond({ status: 200 })), 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
    kinds(connection)
    assert.match(text(connection.respond({ status: 200 })), /connection: close/)
    assert.equal(connection.done, true)
  })

  test('nothing is read behind a response that closes', () => {
    const connection = received(get, get)
    kinds(connection)
    connection.respond({ status: 200, close: true })
    assert.deepEqual(kinds(connection), ['closed'])
    assert.equal(connection.buffered, 0)
    assert.equal(connection.done, true)
    connection.receive(bytes(get))
    assert.deepEqual(kinds(connection), ['closed'])
    assert.equal(connection.buffered, 0)
  })
})

describe('refusals', () => {
  test('a refused request can be answered once, and the connection closes', () => {
    const connection = received('GET / HTTP/1.1\r\n\r\n')
    assert.deepEqual(connection.next(), {
      kind: 'refused',
      reason: 'host_missing',
      status: 400,
      text: 'An HTTP/1.1 request has no Host.',
    })
    assert.equal(connection.responseDue, true)
    assert.match(
      text(connection.respond({ status: 400 }, bytes('{}'))),
      /^HTTP\/1.1 400 Bad Request\r\ncontent-length: 2\r\nconnection: close\r\n\r\n\{\}$/,
    )
    assert.equal(connection.done, true)
    assert.throws(() => connection.respond({ status: 400 }), { reason: 'out_of_turn' })
  })

  test('a body that turns out bad before the response can still be answered', () => {
    const connection = received('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz')
    assert.deepEqual(kinds(connection), ['request', 'refused', 'closed'])
    assert.equal(connection.done, false)
    assert.match(text(connection.respond({ status: 400 })), /connection: close/)
    assert.equal(connection.done, true)
  })

  test('a body that turns out bad within the response ends the connection with it', () => {
    const connection = received('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
    kinds(connection)
    connection.start({ status: 200, length: 2 }, bytes('h'))
    connection.receive(bytes('zz'))
    assert.deepEqual(kinds(connection), ['refused', 'closed'])
    assert.equal(connection.responseDue, false)
    connection.data(bytes('i'), true)
    assert.equal(connection.done, true)
  })

  test('garbage is refused before a whole head has come', () => {
    const connection = received('GET / HTTP/1.1\nHost')
    assert.equal(connection.next().kind, 'refused')
  })
})

describe('early responses', () => {
  const upload = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhel'

  test('the rest of the body is still read, then the next request', () => {
    const connection = received(upload)
    assert.deepEqual(kinds(connection), ['request', 'data', 'need-data'])
    assert.doesNotMatch(text(connection.respond({ status: 413 })), /connection: close/)
    connection.receive(bytes(`lo worl${get}`))
    assert.deepEqual(kinds(connection), ['data', 'end', 'request', 'end', 'paused'])
  })

  test('with close nothing more is read', () => {
    const connection = received(upload)
    kinds(connection)
    connection.respond({ status: 413, close: true })
    assert.equal(connection.done, true)
    connection.receive(bytes('lo worl'))
    assert.deepEqual(kinds(connection), ['closed'])
  })
})

describe('giving up reading', () => {
  const cases: readonly [when: string, sent: string, events: readonly string[], rest: string][] = [
    ['nothing came', '', ['need-data'], ''],
    ['a head is incomplete', 'GET / HTTP/1.1\r\nHo', ['need-data'], ''],
    ['a body is incomplete', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhel', ['request'], 'hel'],
    ['the request is complete', `${get}more`, ['request', 'end', 'paused'], 'more'],
  ]
  for (const [when, sent, events, rest] of cases) {
    test(`when ${when}, a response is still written, and says that the connection closes`, () => {
      const connection = sent === '' ? received() : received(sent)
      for (const kind of events) assert.equal(connection.next().kind, kind)
      assert.equal(text([connection.abandon()]), rest)
      assert.equal(connection.responseDue, true)
      assert.equal(connection.done, false)
      assert.match(text(connection.respond({ status: 408 })), /\r\nconnection: close\r\n/)
      assert.equal(connection.done, true)
      connection.receive(bytes(get))
      assert.deepEqual(kinds(connection), ['closed'])
    })
  }
})

describe('Expect: 100-continue', () => {
  const asking = 'PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n'

  test('after 100 the connection can stay', () => {
    const connection = received(asking)
    assert.equal(requestOf(connection.next()).expectContinue, true)
    assert.equal(text(connection.inform(100)), 'HTTP/1.1 100 Continue\r\n\r\n')
    connection.receive(bytes('hi'))
    assert.deepEqual(kinds(connection), ['data', 'end', 'paused'])
    assert.doesNotMatch(text(connection.respond({ status: 200 })), /connection: close/)
  })

  test('after 100 the body will come, also behind an early response', () => {
    const connection = received(asking)
    kinds(connection)
    connection.inform(100)
    assert.doesNotMatch(text(connection.respond({ status: 413 })), /connection: close/)
    connection.receive(bytes(`hi${get}`))
    assert.deepEqual(kinds(connection), ['data', 'end', 'request', 'end', 'paused'])
  })

  const notWaiting: readonly [what: string, request: string][] = [
    ['without a body', 'GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n'],
    ['with an empty body', 'PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n'],
    ['on HTTP/1.0', 'PUT / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n'],
  ]
  for (const [what, request] of notWaiting) {
    test(`a client does not wait ${what}`, () => {
      assert.equal(requestOf(received(request).next()).expectContinue, false)
    })
  }

  test('a final response without 100 closes: whether a body follows can not be known', () => {
    const connection = received(asking)
    kinds(connection)
    assert.match(text(connection.respond({ status: 417 })), /connection: close/)
    assert.equal(connection.done, true)
  })

  test('a client that did not wait can stay', () => {
    const connection = received(asking, 'h')
    connection.next()
    assert.doesNotMatch(text(connection.respond({ status: 200 })), /connection: close/)
    connection.receive(bytes(`i${get}`))
    assert.deepEqual(kinds(connection), ['data', 'end', 'request', 'end', 'paused'])
  })
})

describe('other protocols', () => {
  const upgrade = 'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: WebSocket, foo/2\r\n\r\n'

  test('101 hands over the bytes behind the request', () => {
    const connection = received(`${upgrade}\x81\x05hel`, 'lo')
    assert.deepEqual(requestOf(connection.next()).upgrade, ['WebSocket', 'foo/2'])
    assert.deepEqual(kinds(connection), ['end', 'paused'])
    const out = text(connection.start({ status: 101, length: 'none', upgrade: 'websocket' }))
    assert.equal(out, 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n')
    const raw = connection.next()
    assert.equal(raw.kind, 'raw')
    if (raw.kind === 'raw') assert.equal(raw.bytes.toString('latin1'), '\x81\x05hello')
    assert.equal(connection.done, true)
  })

  test('101 may be written as soon as the head is known, when there is no body', () => {
    const connection = received(`${upgrade}xyz`)
    connection.next()
    connection.start({ status: 101, length: 'none', upgrade: 'foo/2' })
    assert.deepEqual(kinds(connection), ['raw'])
  })

  test('101 waits for the end of a body', () => {
    const connection = received(
      'POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\nContent-Length: 1\r\n\r\n',
    )
    kinds(connection)
    assert.throws(() => connection.start({ status: 101, length: 'none', upgrade: 'x' }), { reason: 'out_of_turn' })
    connection.receive(bytes('a'))
    kinds(connection)
    connection.start({ status: 101, length: 'none', upgrade: 'x' })
    assert.equal(connection.phase, 'raw')
  })

  test('101 to a protocol that was not offered is refused', () => {
    const connection = received(upgrade)
    kinds(connection)
    assert.throws(() => connection.start({ status: 101, length: 'none', upgrade: 'h2c' }), {
      reason: 'unexpected_switch',
    })
    assert.throws(() => connection.start({ status: 101, length: 'none' }), { reason: 'unexpected_switch' })
  })

  test('another answer than 101 leaves the connection as it is', () => {
    const connection = received(upgrade, get)
    kinds(connection)
    connection.respond({ status: 403 })
    assert.deepEqual(kinds(connection), ['request', 'end', 'paused'])
  })

  test('2xx to CONNECT opens a tunnel and has neither length nor close', () => {
    const connection = received('CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nConnection: close\r\n\r\nbytes')
    kinds(connection)
    assert.equal(text(connection.start({ status: 200, length: 'none' })), 'HTTP/1.1 200 OK\r\n\r\n')
    assert.deepEqual(kinds(connection), ['raw'])
  })

  test('4xx to CONNECT is an ordinary response', () => {
    const connection = received('CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n')
    kinds(connection)
    assert.equal(
      text(connection.respond({ status: 403 }, bytes('no'))),
      'HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno',
    )
    assert.deepEqual(kinds(connection), ['need-data'])
  })
})
