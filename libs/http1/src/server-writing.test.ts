import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Outgoing } from './body-writer.ts'
import { FieldLines } from './field-lines.ts'
import type { ServerConnection } from './server-connection.ts'
import { bytes, get, kinds, received, text } from './testing/server.ts'

describe('writing', () => {
  const answered: readonly [
    what: string,
    request: string,
    write: (to: ServerConnection) => Outgoing[],
    wire: string,
  ][] = [
    [
      'a whole response: its head as one text, the body as it was given',
      get,
      (to) => {
        const out = to.respond({ status: 200, fields: new FieldLines().add('X', 'y') }, bytes('hello'))
        assert.deepEqual(
          out.map((piece) => typeof piece),
          ['string', 'object'],
        )
        return [out]
      },
      'HTTP/1.1 200 OK\r\nX: y\r\ncontent-length: 5\r\n\r\nhello',
    ],
    [
      'a phrase of our own',
      get,
      (to) => [to.respond({ status: 299, phrase: 'So so' })],
      'HTTP/1.1 299 So so\r\ncontent-length: 0\r\n\r\n',
    ],
    [
      'a status without a usual phrase',
      get,
      (to) => [to.respond({ status: 299 })],
      'HTTP/1.1 299 \r\ncontent-length: 0\r\n\r\n',
    ],
    [
      'a body in pieces of declared length',
      get,
      (to) => [to.start({ status: 200, length: 4 }), to.data(bytes('he')), to.data(bytes('y!')), to.end()],
      'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nhey!',
    ],
    [
      'a body of unknown length is chunked, with trailers',
      get,
      (to) => [
        to.start({ status: 200, length: 'unknown' }, bytes('0123456789')),
        to.data(bytes('')),
        to.data(bytes('x')),
        to.end(new FieldLines().add('sum', '1')),
      ],
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\na\r\n0123456789\r\n1\r\nx\r\n0\r\nsum: 1\r\n\r\n',
    ],
    [
      'a chunked body that ends with its first piece',
      get,
      (to) => [to.start({ status: 200, length: 'unknown' }, bytes('x'), true)],
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n',
    ],
    [
      'a body of unknown length lasts until the end of an HTTP/1.0 connection',
      'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
      (to) => [
        to.start({ status: 200, length: 'unknown' }, bytes('x')),
        to.data(bytes('y')),
        to.end(new FieldLines().add('sum', '1')),
      ],
      'HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nxy',
    ],
    [
      'HTTP/1.0 is told that it may stay',
      'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
      (to) => [to.respond({ status: 200 })],
      'HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: keep-alive\r\n\r\n',
    ],
    [
      'HTTP/1.0 that does not ask is closed',
      'GET / HTTP/1.0\r\n\r\n',
      (to) => [to.respond({ status: 200 })],
      'HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n',
    ],
    [
      'HTTP/1.0 gets no 1xx',
      'GET / HTTP/1.0\r\n\r\n',
      (to) => [to.inform(103), to.respond({ status: 204 })],
      'HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n',
    ],
    [
      'a client that asked to close',
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      (to) => [to.respond({ status: 200 })],
      'HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n',
    ],
    [
      'HEAD gets the length and not the body',
      'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n',
      (to) => [to.respond({ status: 200 }, bytes('hello'))],
      'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n',
    ],
    [
      'HEAD of a chunked body',
      'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n',
      (to) => [to.start({ status: 200, length: 'unknown' }), to.end()],
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n',
    ],
    [
      'HEAD of unknown size',
      'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n',
      (to) => [to.start({ status: 200, length: 'none' }), to.end()],
      'HTTP/1.1 200 OK\r\n\r\n',
    ],
    ['204 has no length', get, (to) => [to.respond({ status: 204 })], 'HTTP/1.1 204 No Content\r\n\r\n'],
    [
      '304 may have the length of what it stands for',
      get,
      (to) => [to.start({ status: 304, length: 500 }), to.end()],
      'HTTP/1.1 304 Not Modified\r\ncontent-length: 500\r\n\r\n',
    ],
    [
      'informational responses go before the final one',
      get,
      (to) => [to.inform(100), to.inform(103, new FieldLines().add('link', '</a>')), to.respond({ status: 200 })],
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n',
    ],
    [
      '426 says which protocols are asked for',
      get,
      (to) => [to.respond({ status: 426, upgrade: 'h2c, foo/1' })],
      'HTTP/1.1 426 Upgrade Required\r\ncontent-length: 0\r\nconnection: upgrade\r\nupgrade: h2c, foo/1\r\n\r\n',
    ],
  ]
  for (const [what, request, write, wire] of answered) {
    test(what, () => {
      const connection = received(request)
      kinds(connection)
      assert.equal(write(connection).map(text).join(''), wire)
      assert.equal(connection.next().kind, wire.includes('connection: close') ? 'closed' : 'need-data')
    })
  }

  test('a piece of body is not copied', () => {
    const connection = received(get)
    kinds(connection)
    const large = Buffer.alloc(100_000)
    const [, first] = connection.start({ status: 200, length: 'unknown' }, large)
    assert.equal(first, large)
    const [size, second, end] = connection.data(large, true)
    assert.equal(second, large)
    assert.deepEqual([String(size), String(end)], ['186a0\r\n', '\r\n0\r\n\r\n'])
  })

  const misuse: readonly [what: string, call: (connection: ServerConnection) => unknown, reason: string][] = [
    ['more bytes than declared', (to) => to.start({ status: 200, length: 1 }, bytes('ab')), 'body_length_differs'],
    [
      'an end before all declared bytes',
      (to) => to.start({ status: 200, length: 1 }, undefined, true),
      'body_length_differs',
    ],
    ['a body in 204', (to) => to.respond({ status: 204 }, bytes('a')), 'body_not_allowed'],
    ['a body of unknown length in 204', (to) => to.start({ status: 204, length: 'unknown' }), 'body_not_allowed'],
    ['bytes in 304', (to) => to.start({ status: 304, length: 1 }, bytes('a')), 'body_not_allowed'],
    ['a final status below 200', (to) => to.start({ status: 103, length: 'none' }), 'status_out_of_range'],
    ['a status above 599', (to) => to.respond({ status: 600 }), 'status_out_of_range'],
    ['a status that is no integer', (to) => to.respond({ status: 200.5 }), 'status_out_of_range'],
    ['a final status as informational', (to) => to.inform(200), 'status_out_of_range'],
    ['101 as informational', (to) => to.inform(101), 'status_out_of_range'],
    [
      '101 that was not asked for',
      (to) => to.start({ status: 101, length: 'none', upgrade: 'x' }),
      'unexpected_switch',
    ],
    ['a CR in the phrase', (to) => to.respond({ status: 200, phrase: 'a\rb' }), 'status_line_malformed'],
    ['a negative length', (to) => to.start({ status: 200, length: -1 }), 'content_length_malformed'],
    ['a length that is no integer', (to) => to.start({ status: 200, length: 1.5 }), 'content_length_malformed'],
    ['an Upgrade that is no list', (to) => to.respond({ status: 426, upgrade: 'a\r\nb: c' }), 'upgrade_malformed'],
    ['data before a head', (to) => to.data(bytes('a')), 'out_of_turn'],
    ['an end before a head', (to) => to.end(), 'out_of_turn'],
  ]
  for (const [what, call, reason] of misuse) {
    test(`${what}: ${reason}, and the response can still be written`, () => {
      const connection = received(get)
      kinds(connection)
      assert.throws(() => call(connection), { name: 'WriteError', reason })
      assert.match(text(connection.respond({ status: 200 })), /^HTTP\/1.1 200 OK\r\n/)
    })
  }

  test('a response without a request, or a second one, is out of turn', () => {
    const connection = received()
    assert.throws(() => connection.respond({ status: 200 }), { reason: 'out_of_turn' })
    assert.throws(() => connection.inform(100), { reason: 'out_of_turn' })
    connection.receive(bytes(get))
    kinds(connection)
    connection.start({ status: 200, length: 0 })
    assert.throws(() => connection.start({ status: 200, length: 0 }), { reason: 'out_of_turn' })
    assert.throws(() => connection.inform(100), { reason: 'out_of_turn' })
    connection.end()
    assert.throws(() => connection.end(), { reason: 'out_of_turn' })
  })

  test('trailers that must not be are refused', () => {
    const connection = received(get)
    kinds(connection)
    connection.start({ status: 200, length: 'unknown' })
    assert.throws(() => connection.end(new FieldLines().add('Set-Cookie', 'a')), { reason: 'trailer_forbidden' })
    assert.equal(text(connection.end()), '0\r\n\r\n')
  })
})
