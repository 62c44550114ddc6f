import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Outgoing, outgoingBytes } from './body-writer.ts'
import { ClientConnection } from './client-connection.ts'
import { FieldLines } from './field-lines.ts'
import { completeLimits } from './limits.ts'
import type { OutgoingRequest } from './serialise.ts'

const bare: OutgoingRequest = { method: 'GET', target: '/', host: 'a', length: 'none' }

function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

function text(out: Outgoing): string {
  return outgoingBytes(out).toString('latin1')
}

/** Asks for events until the connection has nothing more to say; the reason stands for a refusal. */
function kinds(connection: ClientConnection): string[] {
  const found: string[] = []
  for (;;) {
    const event = connection.next()
    found.push(event.kind === 'refused' ? event.reason : event.kind)
    if (event.kind === 'need-data' || event.kind === 'closed' || event.kind === 'raw') return found
  }
}

/** A connection whose request is written and which has received this. */
function asked(request: Partial<OutgoingRequest>, ...pieces: string[]): ClientConnection {
  const connection = new ClientConnection()
  connection.start({ ...bare, ...request }, undefined, true)
  for (const piece of pieces) connection.receive(bytes(piece))
  return connection
}

const empty200 = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'

describe('writing', () => {
  const written: readonly [what: string, write: (to: ClientConnection) => Outgoing[], wire: string][] = [
    ['a bare request', (to) => [to.start(bare, undefined, true)], 'GET / HTTP/1.1\r\nhost: a\r\n\r\n'],
    [
      'a request with a body: its head as one text, the body as it was given',
      (to) => {
        const out = to.start(
          { ...bare, method: 'POST', fields: new FieldLines().add('X', 'y'), length: 2 },
          bytes('hi'),
          true,
        )
        assert.deepEqual(
          out.map((piece) => typeof piece),
          ['string', 'object'],
        )
        return [out]
      },
      'POST / HTTP/1.1\r\nhost: a\r\nX: y\r\ncontent-length: 2\r\n\r\nhi',
    ],
    [
      'an empty body',
      (to) => [to.start({ ...bare, method: 'POST', length: 0 }, undefined, true)],
      'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n',
    ],
    [
      'a body of unknown length',
      (to) => [to.start({ ...bare, length: 'unknown' }), to.data(bytes('abc')), to.end(new FieldLines().add('t', '1'))],
      'GET / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nt: 1\r\n\r\n',
    ],
    [
      'what concerns the connection',
      (to) => [to.start({ ...bare, length: 1, close: true, acceptTrailers: true, expectContinue: true })],
      'GET / HTTP/1.1\r\nhost: a\r\nte: trailers\r\nexpect: 100-continue\r\ncontent-length: 1\r\nconnection: close, te\r\n\r\n',
    ],
    [
      'an upgrade',
      (to) => [to.start({ ...bare, upgrade: 'websocket' })],
      'GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
    ],
    [
      'CONNECT',
      (to) => [to.start({ ...bare, method: 'CONNECT', target: 'a:1', host: 'a:1' })],
      'CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\n\r\n',
    ],
  ]
  for (const [what, write, wire] of written) {
    test(what, () => assert.equal(write(new ClientConnection()).map(text).join(''), wire))
  }

  const refusedRequests: readonly [what: string, request: Partial<OutgoingRequest>, reason: string][] = [
    ['a method with a space', { method: 'GET /x HTTP/1.1\r\nX:' }, 'method_malformed'],
    ['an empty method', { method: '' }, 'method_malformed'],
    ['a target with a space', { target: '/a b' }, 'target_malformed'],
    ['a target with a line end', { target: '/ HTTP/1.1\r\nX: y' }, 'target_malformed'],
    ['an empty target', { target: '' }, 'target_malformed'],
    ['a target of the wrong form', { target: '*' }, 'target_form_not_allowed'],
    ['a target above one byte per character', { target: '/\u010a' }, 'target_malformed'],
    ['a Host with a line end', { host: 'a\r\nX: y' }, 'host_malformed'],
    ['an empty Host', { host: '' }, 'host_malformed'],
    ['a Host that contradicts the target', { target: 'http://b/' }, 'host_contradicts_target'],
    ['a length below 0', { length: -1 }, 'content_length_malformed'],
    ['a length above 2^53', { length: 2 ** 53 }, 'content_length_malformed'],
    ['a body in CONNECT', { method: 'CONNECT', target: 'a:1', length: 'unknown' }, 'body_not_allowed'],
    ['an upgrade that is no list', { upgrade: 'a b' }, 'upgrade_malformed'],
    ['an empty upgrade', { upgrade: '' }, 'upgrade_malformed'],
  ]
  for (const [what, request, reason] of refusedRequests) {
    test(`${what}: ${reason}, and the connection can still be used`, () => {
      const connection = new ClientConnection()
      assert.throws(() => connection.start({ ...bare, ...request }), { name: 'WriteError', reason })
      assert.equal(connection.reusable, true)
      connection.start(bare)
    })
  }

  test('a second request before the response is out of turn', () => {
    const connection = asked({})
    assert.throws(() => connection.start(bare), { reason: 'out_of_turn' })
    assert.throws(() => connection.data(bytes('a')), { reason: 'out_of_turn' })
    assert.throws(() => connection.end(), { reason: 'out_of_turn' })
  })

  test('the declared length is kept to', () => {
    const connection = new ClientConnection()
    connection.start({ ...bare, length: 2 }, bytes('a'))
    assert.throws(() => connection.end(), { reason: 'body_length_differs' })
    assert.throws(() => connection.data(bytes('bc')), { reason: 'body_length_differs' })
    connection.data(bytes('b'), true)
    assert.equal(connection.requestOpen, false)
  })
})

describe('reuse', () => {
  test('after a response that ended well', () => {
    const connection = asked({}, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi')
    assert.deepEqual(kinds(connection), ['response', 'data', 'end', 'need-data'])
    assert.equal(connection.reusable, true)
    connection.start(bare, undefined, true)
    connection.receive(bytes(empty200))
    assert.deepEqual(kinds(connection), ['response', 'end', 'need-data'])
  })

  const never: readonly [what: string, request: Partial<OutgoingRequest>, response: string, events: string[]][] = [
    [
      'the server closes',
      {},
      'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
      ['response', 'end', 'closed'],
    ],
    ['we asked to close', { close: true }, empty200, ['response', 'end', 'closed']],
    ['HTTP/1.0', {}, 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n', ['response', 'end', 'closed']],
    ['bytes behind the response', {}, `${empty200}x`, ['response', 'end', 'unsolicited_bytes', 'closed']],
    ['204 that announces a body', {}, 'HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n', ['response', 'end', 'closed']],
    ['204 in chunks', {}, 'HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n', ['response', 'end', 'closed']],
    [
      '1xx that announces a body',
      {},
      `HTTP/1.1 103 Hm\r\nContent-Length: 5\r\n\r\n${empty200}`,
      ['informational', 'response', 'end', 'closed'],
    ],
    ['a bad response', {}, 'HTTP/1.1 200 OK\nContent-Length: 0\n\n', ['bare_lf', 'closed']],
    ['a tunnel', { method: 'CONNECT', target: 'a:1' }, 'HTTP/1.1 200 OK\r\n\r\n', ['response', 'raw']],
  ]
  for (const [what, request, response, events] of never) {
    test(`never: ${what}`, () => {
      const connection = asked(request, response)
      assert.deepEqual(kinds(connection), events)
      assert.equal(connection.reusable, false)
      assert.throws(() => connection.start(bare), { reason: 'out_of_turn' })
    })
  }

  test('not while bytes wait that nobody asked for', () => {
    const connection = asked({}, empty200)
    kinds(connection)
    connection.receive(bytes('HTTP/1.1 408 Timeout\r\n\r\n'))
    assert.equal(connection.reusable, false)
    assert.deepEqual(kinds(connection), ['unsolicited_bytes', 'closed'])
  })

  test('not after the server has ended its side', () => {
    const connection = asked({}, empty200)
    kinds(connection)
    connection.receiveEnd()
    assert.equal(connection.reusable, false)
    assert.deepEqual(kinds(connection), ['closed'])
  })

  test('not after a response that came before the request was complete', () => {
    const connection = new ClientConnection()
    connection.start({ ...bare, length: 5 }, bytes('ab'))
    connection.receive(bytes(empty200))
    assert.deepEqual(kinds(connection), ['response', 'end', 'closed'])
    assert.equal(connection.requestOpen, true)
    connection.data(bytes('cde'), true)
    assert.equal(connection.reusable, false)
  })

  test('HTTP/1.0 with keep-alive can be used again', () => {
    const connection = asked({}, 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: Keep-Alive\r\n\r\n')
    kinds(connection)
    assert.equal(connection.reusable, true)
  })
})

describe('reading', () => {
  test('a body up to the end of the connection', () => {
    const connection = asked({}, 'HTTP/1.1 200 OK\r\n\r\nhel')
    assert.deepEqual(kinds(connection), ['response', 'data', 'need-data'])
    connection.receive(bytes('lo'))
    connection.receiveEnd()
    assert.deepEqual(kinds(connection), ['data', 'end', 'closed'])
  })

  const lengths: readonly [head: string, method: string, length: number | string][] = [
    ['HTTP/1.1 200 OK\r\nContent-Length: 7', 'GET', 7],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked', 'GET', 'unknown'],
    ['HTTP/1.1 200 OK', 'GET', 'unknown'],
    ['HTTP/1.1 200 OK\r\nContent-Length: 7', 'HEAD', 7],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked', 'HEAD', 'unknown'],
    ['HTTP/1.1 200 OK', 'HEAD', 'none'],
    ['HTTP/1.1 304 Not Modified\r\nContent-Length: 7', 'GET', 7],
    ['HTTP/1.1 304 Not Modified', 'GET', 'none'],
    ['HTTP/1.1 204 No Content\r\nContent-Length: 7', 'GET', 'none'],
  ]
  for (const [head, method, length] of lengths) {
    test(`${method}, ${JSON.stringify(head)}: forwarded with length ${length}`, () => {
      const event = asked({ method }, `${head}\r\n\r\n`).next()
      assert.equal(event.kind, 'response')
      if (event.kind === 'response') assert.equal(event.bodyLength, length)
    })
  }

  test('whether the answer has begun is known to the byte', () => {
    const connection = asked({})
    assert.equal(connection.answerBegun, false)
    connection.receive(bytes('H'))
    assert.equal(connection.answerBegun, true)
    kinds(connection)
    assert.equal(connection.answerBegun, true)
    connection.receive(bytes(`${'HTTP/1.1 100 Continue\r\n\r\n'.slice(1)}`))
    assert.deepEqual(kinds(connection), ['informational', 'need-data'])
    assert.equal(connection.answerBegun, true)
  })

  test('a connection that ends before the answer says so', () => {
    const connection = asked({})
    connection.receiveEnd()
    assert.equal(connection.answerBegun, false)
    assert.deepEqual(kinds(connection), ['closed_before_response', 'closed'])
  })

  test('who speaks something else is not waited for', () => {
    for (const pieces of [['SSH-2.0-OpenSSH_9.2\r\n'], ['S'], ['HTT', 'X'], ['HTTP', '\r'], ['\x16\x03\x01']]) {
      const [event] = kinds(asked({}, ...pieces))
      assert.ok(event === 'version_malformed' || event === 'control_character', `${JSON.stringify(pieces)}: ${event}`)
    }
    for (const piece of ['', 'H', 'HTTP/', '\r']) assert.deepEqual(kinds(asked({}, piece)), ['need-data'])
  })

  test('1xx are counted for each response anew', () => {
    const connection = new ClientConnection(completeLimits({ informational: 2 }))
    const early = 'HTTP/1.1 103 Early Hints\r\n\r\n'
    for (let count = 0; count < 3; count++) {
      connection.start(bare, undefined, true)
      connection.receive(bytes(early + early + empty200))
      assert.deepEqual(kinds(connection), ['informational', 'informational', 'response', 'end', 'need-data'])
    }
    connection.start(bare, undefined, true)
    connection.receive(bytes(early + early + early))
    assert.deepEqual(kinds(connection), ['informational', 'informational', 'too_many_informational', 'closed'])
  })

  test('a refused response is a bad gateway whatever its reason', () => {
    const event = asked({}, 'HTTP/1.1 200 OK\r\nA : b\r\n\r\n').next()
    assert.deepEqual(event.kind === 'refused' && [event.reason, event.status], ['space_before_colon', 502])
  })
})

describe('other protocols', () => {
  const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n'

  test('101 hands over the bytes behind it', () => {
    const connection = asked({ upgrade: 'websocket' }, `${switching}\x81\x00`, 'more')
    const head = connection.next()
    assert.deepEqual(head.kind === 'response' && [head.status, head.upgrade], [101, ['WebSocket']])
    const raw = connection.next()
    assert.equal(raw.kind === 'raw' && raw.bytes.toString('latin1'), '\x81\x00more')
  })

  test('101 before the request is complete is refused', () => {
    const connection = new ClientConnection()
    connection.start({ ...bare, length: 5, upgrade: 'websocket' })
    connection.receive(bytes(switching))
    assert.deepEqual(kinds(connection), ['unexpected_switch', 'closed'])
  })

  test('the response to CONNECT opens a tunnel, whatever it says of lengths', () => {
    const connection = asked({ method: 'CONNECT', target: 'a:1' }, 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nxyz')
    const head = connection.next()
    assert.equal(head.kind === 'response' && head.framing, 'none')
    const raw = connection.next()
    assert.equal(raw.kind === 'raw' && String(raw.bytes), 'xyz')
  })
})
