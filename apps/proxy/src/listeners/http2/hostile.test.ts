import assert from 'node:assert/strict'
import { constants } from 'node:http2'
import { describe, test } from 'node:test'
import { eventually, rawExchange } from '@vrata/testkit'
import type { Exchange } from '../../exchange.ts'
import { HeaderLines } from '../../headers/header-lines.ts'
import { openEngine } from '../testing/engine.ts'
import {
  type Frame,
  type FrameClient,
  frame,
  frameClient,
  frameFlag,
  frameType,
  headerBlock,
  headers,
} from '../testing/frames.ts'
import { http2Session, request } from '../testing/http2-client.ts'
import { type RawClient, rawClient } from '../testing/raw-client.ts'
import { siteKey, sitePem } from '../testing/tls-material.ts'

const http2 = { http2: true } as const
const answer = ({ downstream }: Exchange) => downstream.answer(200, [], Buffer.from('fine'))
const fine = [':method', 'GET', ':scheme', 'http', ':path', '/fine', ':authority', 'a']

const isReset = (stream: number) => (one: Frame) => one.type === frameType.reset && one.stream === stream
const isHead = (stream: number) => (one: Frame) => one.type === frameType.headers && one.stream === stream
const isGoaway = (one: Frame) => one.type === frameType.goaway

describe('malformed requests', () => {
  const [method, scheme, path, authority] = [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':path', '/'],
    [':authority', 'a'],
  ]
  const all = [...method, ...scheme, ...path, ...authority]
  const without = (name: string) => all.filter((_, at) => all[at - (at % 2)] !== name)
  const instead = (name: string, value: string) => all.map((one, at) => (all[at - 1] === name ? value : one))

  const rows: readonly (readonly [what: string, lines: readonly string[], data?: readonly string[]])[] = [
    ['no :method', without(':method')],
    ['no :scheme', without(':scheme')],
    ['no :path', without(':path')],
    ['an empty :path', instead(':path', '')],
    ['a :path that is no path', instead(':path', 'a')],
    ['a :path with a fragment', instead(':path', '/a#b')],
    ['a :path with a space', instead(':path', '/a b')],
    ['a :path with a line', instead(':path', '/ HTTP/1.1\r\nx: y')],
    ['a :path with a byte beyond ASCII', instead(':path', '/\xe4')],
    ['a star for anything but OPTIONS', instead(':path', '*')],
    ['a :method that is none', instead(':method', 'G T')],
    ['a :method with a line', instead(':method', 'GET / HTTP/1.1\r\nhost: b')],
    ['a :method that is far too long', instead(':method', 'G'.repeat(40))],
    ['an unknown :scheme', instead(':scheme', 'gopher')],
    ['neither :authority nor Host', without(':authority')],
    ['an :authority with a user', instead(':authority', 'u@a')],
    ['an :authority with a path', instead(':authority', 'a/b')],
    ['a Host that says something else', [...all, 'host', 'b']],
    ['two Hosts', [...all, 'host', 'a', 'host', 'a']],
    ['a :path given twice', [...all, ...path]],
    ['an :authority given twice', [...all, ...authority]],
    ['an unknown pseudo header', [...all, ':version', '1']],
    ['a pseudo header behind others', [...method, ...scheme, ...path, 'x', 'y', ...authority]],
    ['a :status', [...all, ':status', '200']],
    ['a :protocol without CONNECT', [...all, ':protocol', 'websocket']],
    ['CONNECT', [':method', 'CONNECT', ':authority', 'a:443']],
    ...['a b', 'a,b', 'a, websocket', 'a"', '', 'a/1', 'h2c', 'H2C', 'a\r\nx: y'].map(
      (protocol): readonly [string, readonly string[]] => [
        `a :protocol that is ${JSON.stringify(protocol)}`,
        [...instead(':method', 'CONNECT'), ':protocol', protocol],
      ],
    ),
    ['a name in upper case', [...all, 'X-A', 'y']],
    ['Connection', [...all, 'connection', 'close']],
    ['Keep-Alive', [...all, 'keep-alive', 'timeout=5']],
    ['Proxy-Connection', [...all, 'proxy-connection', 'close']],
    ['Transfer-Encoding', [...all, 'transfer-encoding', 'chunked']],
    ['Upgrade', [...all, 'upgrade', 'websocket']],
    ['TE that is not trailers', [...all, 'te', 'gzip']],
    ['an unknown expectation', [...all, 'expect', 'magic']],
    ['a Content-Length that is none', [...all, 'content-length', '1e1'], ['0123456789']],
    ['two Content-Lengths', [...all, 'content-length', '1', 'content-length', '1'], ['x']],
    ['less than the Content-Length', [...all, 'content-length', '5'], ['abc']],
  ]
  for (const [what, lines, data] of rows) {
    test(`${what}: refused, and the connection goes on`, async (t) => {
      const served: string[] = []
      const { port, settled } = await openEngine(
        t,
        (exchange) => {
          if (exchange.requestBody === undefined) {
            served.push(exchange.path)
            answer(exchange)
            return
          }
          exchange.requestBody.deliverTo({
            onChunk: () => undefined,
            onEnd: () => served.push('whole body'),
            onFailure: () => undefined,
          })
          exchange.requestBody.resume()
        },
        http2,
      )
      const client = await frameClient(t, port)
      client.send(headers(1, lines, data === undefined))
      for (const piece of data ?? []) client.send(frame(frameType.data, frameFlag.endStream, 1, piece))
      const refused = await client.frame('refusal', (one) => isReset(1)(one) || isHead(1)(one))
      if (refused.type === frameType.headers) {
        const told = await client.frame('the reason', (one) => one.type === frameType.data && one.stream === 1)
        assert.match(told.payload.toString(), /"error":"bad_request","status":400/)
      }
      client.send(headers(3, fine))
      await client.frame('the next answer', isHead(3))
      assert.deepEqual(served, ['/fine'])
      client.socket.destroy()
      await settled()
    })
  }
})

test('more body than the Content-Length ends the connection', async (t) => {
  let gone = 0
  const { port, settled } = await openEngine(
    t,
    ({ requestBody, downstream }) => {
      downstream.events = { onDrain: () => undefined, onClientGone: () => void gone++ }
      requestBody?.deliverTo({
        onChunk: () => undefined,
        onEnd: () => assert.fail('taken for whole'),
        onFailure: () => undefined,
      })
      requestBody?.resume()
    },
    http2,
  )
  const client = await frameClient(t, port)
  client.send(headers(1, [':method', 'POST', ...fine.slice(2), 'content-length', '2'], false))
  await new Promise(setImmediate)
  client.send(frame(frameType.data, frameFlag.endStream, 1, 'abc'))
  await client.untilClosed()
  await settled()
  assert.ok(gone <= 1)
})

describe('a body that the client breaks off', () => {
  const reset = (code: number) => frame(frameType.reset, 0, 1, Buffer.from([0, 0, 0, code]))
  const rows: readonly (readonly [what: string, end: (client: RawClient) => void])[] = [
    ['by CANCEL', ({ send }) => send(reset(8))],
    ['by NO_ERROR', ({ send }) => send(reset(0))],
    ['with its connection', ({ socket }) => void socket.end()],
    ['with a reset of its connection', ({ socket }) => void socket.resetAndDestroy()],
    [
      'by GOAWAY and a close',
      ({ send, socket }) => {
        send(frame(frameType.goaway, 0, 0, Buffer.alloc(8)))
        socket.end()
      },
    ],
  ]
  for (const [what, end] of rows) {
    for (const declared of [[], ['content-length', '9']]) {
      test(`${what} is not taken for whole${declared.length > 0 ? ', its length declared' : ''}`, async (t) => {
        const heard: string[] = []
        const { port, settled, inFlight } = await openEngine(
          t,
          ({ requestBody, downstream }) => {
            downstream.events = { onDrain: () => undefined, onClientGone: () => void heard.push('gone') }
            requestBody?.deliverTo({
              onChunk: (chunk) => void heard.push(chunk.toString()),
              onEnd: () => heard.push('whole'),
              onFailure: () => heard.push('failure'),
            })
            requestBody?.resume()
          },
          http2,
        )
        const client = await frameClient(t, port)
        client.send(headers(1, [':method', 'POST', ...fine.slice(2), ...declared], false))
        client.send(frame(frameType.data, 0, 1, 'part'))
        await eventually('the part', () => heard.length > 0)
        end(client)
        await eventually('the end', () => inFlight.size === 0)
        client.socket.destroy()
        await settled()
        assert.deepEqual(heard, ['part', 'gone'])
      })
    }
  }
})

const broken: readonly (readonly [what: string, name: string, value: string])[] = [
  ['a name with a space', 'a b', 'y'],
  ['a name with a colon', 'a:b', 'y'],
  ['an empty name', '', 'y'],
  ['a value with a line', 'x', 'a\r\nb: c'],
  ['a value with a line feed', 'x', 'a\nb: c'],
  ['a value with a zero', 'x', 'a\0b'],
  ['a value with a blank before it', 'x', ' a'],
]
for (const [what, name, value] of broken) {
  // The library takes such a line out and says nothing, where it should refuse the request (RFC 9113, 8.2.1).
  test(`${what}: the line is seen by nobody`, async (t) => {
    let seen = ''
    const { port, settled } = await openEngine(
      t,
      (exchange) => {
        seen = JSON.stringify([...exchange.headers])
        answer(exchange)
      },
      http2,
    )
    const client = await frameClient(t, port)
    client.send(headers(1, [...fine, name, value, 'kept', '1']))
    await client.frame('the answer', (one) => isHead(1)(one) || isReset(1)(one))
    assert.match(seen, /^(\[\["kept","1"\]\])?$/)
    client.socket.destroy()
    await settled()
  })
}

describe('floods', () => {
  test('of requests that are taken back at once end the connection', async (t) => {
    let served = 0
    const { port, settled, inFlight } = await openEngine(t, () => void served++, http2)
    const client = await frameClient(t, port)
    let stream = 1
    for (let burst = 0; burst < 50 && !client.socket.closed; burst++) {
      const frames: Buffer[] = []
      for (let n = 0; n < 100; n++, stream += 2) {
        frames.push(headers(stream, fine), frame(frameType.reset, 0, stream, Buffer.from([0, 0, 0, 8])))
      }
      client.send(Buffer.concat(frames))
      await new Promise(setImmediate)
    }
    await client.untilClosed()
    assert.ok(served < 1_000, `${served} requests`)
    await eventually('all to be given up', () => inFlight.size === 0)
    await settled()
  })

  test('of CONTINUATION frames end the connection, and no request is made of them', async (t) => {
    const { port, settled } = await openEngine(t, () => assert.fail('served'), http2)
    const client = await frameClient(t, port)
    client.send(frame(frameType.headers, frameFlag.endStream, 1, headerBlock(fine)))
    const filling = frame(frameType.continuation, 0, 1, headerBlock(['x', 'y'.repeat(1_000)]))
    for (let n = 0; n < 10_000 && !client.socket.closed; n++) {
      client.send(filling)
      if (n % 20 === 0) await new Promise(setImmediate)
    }
    await client.untilClosed()
    await settled()
  })

  test('of lines whose block fits are refused, stream by stream', async (t) => {
    const { port, settled } = await openEngine(t, answer, http2)
    const client = await frameClient(t, port)
    const bomb = headerBlock([...fine, ...Array.from({ length: 2_000 }, () => ['a', '']).flat()])
    client.send(frame(frameType.headers, frameFlag.endStream | frameFlag.endHeaders, 1, bomb))
    const refused = await client.frame('refusal', (one) => isReset(1)(one) || isHead(1)(one))
    assert.equal(refused.type === frameType.reset ? refused.payload.readUInt32BE(0) : 11, 11)
    client.send(headers(3, fine))
    await client.frame('the next answer', isHead(3))
    client.socket.destroy()
    await settled()
  })

  const frames: readonly (readonly [what: string, bytes: Buffer])[] = [
    ['SETTINGS', frame(frameType.settings, 0, 0)],
    ['PING', frame(frameType.ping, 0, 0, Buffer.alloc(8))],
    ['empty DATA', frame(frameType.data, 0, 1)],
    ['PRIORITY', frame(2, 0, 1, Buffer.alloc(5))],
  ]
  for (const [what, bytes] of frames) {
    test(`of ${what} frames cost the connection, or nothing`, async (t) => {
      const { port, settled, engine } = await openEngine(t, () => undefined, http2)
      const client = await frameClient(t, port)
      client.send(headers(1, [':method', 'POST', ...fine.slice(2)], false))
      const block = Buffer.concat(Array.from({ length: 100 }, () => bytes))
      const before = process.memoryUsage().rss
      for (let n = 0; n < 200 && !client.socket.closed; n++) {
        client.send(block)
        await new Promise(setImmediate)
      }
      if (what !== 'PRIORITY') await eventually('the connection to be closed', () => engine.connections === 0)
      assert.ok(process.memoryUsage().rss - before < 50_000_000)
      client.socket.destroy()
      await settled()
    })
  }

  describe('of PING frames', () => {
    const pings = Buffer.concat(Array.from({ length: 150 }, () => frame(frameType.ping, 0, 0, Buffer.alloc(8))))
    const echoes = ({ frames }: FrameClient) => frames.filter(({ type }) => type === frameType.ping).length

    test('are none when they come now and then: a stream may go on for ever', async (t) => {
      const { port, settled, clock } = await openEngine(t, () => undefined, http2)
      const client = await frameClient(t, port)
      client.send(headers(1, fine))
      for (let n = 1; n <= 20; n++) {
        client.send(pings)
        await eventually('the echoes', () => echoes(client) === n * 150)
        clock.advance(2_000)
      }
      client.socket.destroy()
      await settled()
    })

    test('are none when they measure how fast an answer comes', async (t) => {
      for (const [what, fields] of [
        ['clear text', http2],
        ['TLS', { ...http2, tls: { cert: sitePem, key: siteKey } }],
      ] as const) {
        const body = Buffer.alloc(60_000)
        const { port, settled } = await openEngine(
          t,
          ({ downstream }) => {
            downstream.head(200, new HeaderLines(), 'unknown')
            downstream.write(body)
            setTimeout(() => downstream.end([]), 0)
          },
          fields,
        )
        const session = await http2Session(t, port, what === 'TLS')
        for (let n = 0; n < 10; n++) {
          const answered = request(session)
          for (let ping = 0; ping < 100; ping++) await new Promise<void>((echo) => session.ping(() => echo()))
          assert.equal((await answered).body.length, body.length)
        }
        session.close()
        await settled()
      }
    })
  })

  test('of answers that the client does not read fill no memory', async (t) => {
    const { port, settled, engine } = await openEngine(t, answer, http2)
    const client = await frameClient(t, port)
    client.socket.pause()
    const pings = Buffer.concat(Array.from({ length: 1_000 }, () => frame(frameType.ping, 0, 0, Buffer.alloc(8))))
    for (let n = 0; n < 200 && engine.connections > 0; n++) {
      client.send(pings)
      await new Promise(setImmediate)
    }
    await eventually('the connection to be closed', () => engine.connections === 0)
    await settled()
  })
})

describe('clients that stand still', () => {
  test('with windows that never open are given up', async (t) => {
    let gone = 0
    const { port, clock, settled, inFlight } = await openEngine(
      t,
      ({ downstream }) => {
        downstream.events = { onDrain: () => undefined, onClientGone: () => void gone++ }
        downstream.answer(200, [], Buffer.alloc(500_000))
      },
      http2,
    )
    const client = await frameClient(t, port, Buffer.from([0, 4, 0, 0, 0, 0])) // SETTINGS_INITIAL_WINDOW_SIZE = 0
    for (const stream of [1, 3, 5]) client.send(headers(stream, fine))
    await client.frame('the head', isHead(5))
    assert.equal(inFlight.size, 3)
    for (let at = 0; at < 5; at++) await new Promise(setImmediate)
    clock.advance(76_000)
    for (const stream of [1, 3, 5]) {
      const reset = await client.frame('a reset', isReset(stream))
      assert.equal(reset.payload.readUInt32BE(0), constants.NGHTTP2_CANCEL)
    }
    await eventually('all to be given up', () => inFlight.size === 0)
    assert.equal(gone, 3)
    client.socket.destroy()
    await settled()
  })

  test('inside of the preface or of their first settings are sent away', async (t) => {
    const { port, clock, settled, engine } = await openEngine(t, answer, http2)
    const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
    const clients: RawClient[] = []
    for (const sent of ['PRI ', preface.slice(0, 20), preface, `${preface}\0\0`]) {
      const client = await rawClient(t, port)
      client.send(sent)
      clients.push(client)
    }
    const undecided = await rawClient(t, port)
    undecided.send('PR')
    await eventually('all connections', () => engine.connections === 5)
    await eventually('the bytes to arrive', () => clients.every(({ text }) => text !== ''))
    clock.advance(10_020)
    assert.match(await undecided.untilClosed(), /^HTTP\/1\.1 408 /)
    clock.advance(2_020)
    for (const client of clients) await client.untilClosed()
    await settled()
  })

  test('inside of a head are sent away when nothing else is under way', async (t) => {
    const { port, clock, settled } = await openEngine(t, answer, http2)
    const client = await frameClient(t, port)
    await client.frame(
      'the acknowledgement',
      ({ type, flags }) => type === frameType.settings && flags === frameFlag.ack,
    )
    client.send(frame(frameType.headers, 0, 1, headerBlock(fine)))
    for (let at = 0; at < 5; at++) await new Promise(setImmediate)
    clock.advance(120_020)
    for (let at = 0; at < 5; at++) await new Promise(setImmediate)
    clock.advance(2_020)
    await client.untilClosed()
    await settled()
  })
})

describe('one port', () => {
  test('takes HTTP/1.1 beside HTTP/2, also byte by byte and when it begins alike', async (t) => {
    const { port, settled } = await openEngine(t, answer, http2)
    for (const method of ['GET', 'PRIME', 'P']) {
      const client = await rawClient(t, port)
      for (const byte of `${method} / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`) {
        client.send(byte)
        await new Promise(setImmediate)
      }
      assert.match(await client.untilClosed(), /^HTTP\/1\.1 200 OK\r\n[\s\S]*fine$/)
    }
    await settled()
  })

  test('takes a preface that comes in pieces', async (t) => {
    const { port, settled } = await openEngine(t, answer, http2)
    const client = await rawClient(t, port)
    const bytes = Buffer.concat([
      Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
      frame(frameType.settings, 0, 0),
      headers(1, fine),
    ])
    for (const byte of bytes) {
      client.send(Buffer.from([byte]))
      await new Promise(setImmediate)
    }
    await client.until('fine')
    client.socket.destroy()
    await settled()
  })

  test('closes soon to who has not said anything when it drains, and serves who has begun', async (t) => {
    const { port, engine, clock, settled } = await openEngine(t, answer, http2)
    const request = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n'
    const silent = await rawClient(t, port)
    const slow = await rawClient(t, port)
    slow.send('PR')
    const begun = await rawClient(t, port)
    begun.send(request.slice(0, 20))
    // By the answer to this one all of them have been heard.
    const last = await rawClient(t, port)
    last.send(request)
    await last.until('fine')
    const drained = engine.drain(3_600_000)
    clock.advance(1_100)
    assert.equal(await silent.untilClosed(), '')
    slow.send('OPFIND / HTTP/1.1\r\nhost: a\r\n\r\n')
    begun.send(request.slice(20))
    for (const client of [slow, begun]) {
      assert.match(await client.untilClosed(), /^HTTP\/1\.1 200 OK\r\n[\s\S]*connection: close\r\n/)
    }
    last.socket.destroy()
    await drained
    await settled()
  })

  test('refuses the preface where HTTP/2 is off', async (t) => {
    const { port, settled } = await openEngine(t, answer)
    const text = await rawExchange(port, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
    assert.match(text, /^HTTP\/1\.1 (400|505) [\s\S]*"error":"bad_request"/)
    await settled()
  })
})

test('an answer to a connection error says what was wrong, and the connection ends', async (t) => {
  const { port, settled } = await openEngine(t, answer, http2)
  const client = await frameClient(t, port)
  client.send(frame(frameType.windowUpdate, 0, 0, Buffer.alloc(4)))
  const goaway = await client.frame('GOAWAY', isGoaway)
  assert.equal(goaway.payload.readUInt32BE(4), constants.NGHTTP2_PROTOCOL_ERROR)
  await client.untilClosed()
  await settled()
})

const ends: readonly (readonly [what: string, bytes: Buffer])[] = [
  ['an error of the connection', frame(frameType.reset, 0, 0, Buffer.alloc(4))],
  ['a flood', Buffer.concat(Array.from({ length: 500 }, () => frame(frameType.ping, 0, 0, Buffer.alloc(8))))],
]
for (const [what, bytes] of ends) {
  test(`a drain is not stopped by a connection that ends by ${what} at the same time`, async (t) => {
    for (let turns = 0; turns < 4; turns++) {
      const { port, engine, settled } = await openEngine(t, () => undefined, http2)
      const other = await frameClient(t, port)
      other.send(headers(1, fine))
      await other.frame('SETTINGS', ({ type }) => type === frameType.settings)
      const client = await frameClient(t, port)
      client.send(headers(1, fine))
      await client.frame('SETTINGS', ({ type }) => type === frameType.settings)
      client.send(bytes)
      await new Promise((resolve) => setTimeout(resolve, 0))
      for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate)
      const drained = engine.drain(50)
      await other.frame('GOAWAY', isGoaway)
      await drained
      await settled()
    }
  })
}

describe('an answer that is cut does not look complete', () => {
  const ownFrames = ({ frames }: FrameClient) => frames.filter(({ stream }) => stream === 1)
  for (const length of [100, 'unknown'] as const) {
    for (const turns of [0, 1, 2]) {
      test(`length ${length}, ${turns} turns later`, async (t) => {
        const { port, settled } = await openEngine(
          t,
          async ({ downstream }) => {
            downstream.head(200, new HeaderLines(), length)
            downstream.write(Buffer.from('part'))
            for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate)
            downstream.cut()
          },
          http2,
        )
        const client = await frameClient(t, port)
        client.send(headers(1, fine))
        const last = await client.frame('RST_STREAM', ({ type }) => type === frameType.reset)
        assert.equal(last.payload.readUInt32BE(0), constants.NGHTTP2_INTERNAL_ERROR)
        for (const { type, flags } of ownFrames(client)) {
          if (type !== frameType.reset) assert.equal(flags & frameFlag.endStream, 0, `type ${type}`)
        }
        client.socket.destroy()
        await settled()
      })
    }
  }
})

const bodySink = () => ({ onChunk: () => undefined, onEnd: () => undefined, onFailure: () => undefined })

describe('a client that takes a stream back without an error leaves nothing', () => {
  const large = Buffer.alloc(100_000)
  /** Room for small answers. */
  const smallWindow = Buffer.from([0, 4, 0, 0, 0, 16])
  const answers: readonly (readonly [what: string, answer: (exchange: Exchange) => void])[] = [
    ['an answer that is out', answer],
    ['a whole answer', ({ downstream }) => downstream.answer(200, [], large)],
    [
      'an answer under way',
      ({ downstream }) => {
        downstream.head(200, new HeaderLines(), 'unknown')
        downstream.write(large)
      },
    ],
    [
      'an answer of known length under way',
      ({ downstream }) => {
        downstream.head(200, new HeaderLines(), 2 * large.length)
        downstream.write(large)
      },
    ],
    [
      'an answer whose trailers wait',
      ({ downstream }) => {
        downstream.head(200, new HeaderLines(), 'unknown')
        downstream.write(large)
        downstream.end([])
      },
    ],
  ]
  for (const [what, answer] of answers) {
    for (const body of ['no body', 'a body that is read', 'a body that waits', 'a body that nobody wants'] as const) {
      test(`${what}, ${body}`, async (t) => {
        const { port, settled, inFlight } = await openEngine(
          t,
          (exchange) => {
            if (body !== 'a body that nobody wants') exchange.requestBody?.deliverTo(bodySink())
            if (body === 'a body that is read') exchange.requestBody?.resume()
            answer(exchange)
          },
          http2,
        )
        const client = await frameClient(t, port, smallWindow)
        client.send(headers(1, fine, body === 'no body'))
        if (body !== 'no body') client.send(frame(frameType.data, 0, 1, 'part'))
        await client.frame('HEADERS', ({ type }) => type === frameType.headers)
        client.send(frame(frameType.reset, 0, 1, Buffer.alloc(4)))
        await eventually('the exchange to end', () => inFlight.size === 0)
        client.send(frame(frameType.goaway, 0, 0, Buffer.alloc(8)))
        client.socket.end()
        await settled()
      })
    }
  }
})

describe('a client that gives its connection up, while its answers wait for room, leaves nothing', () => {
  for (let code = 0; code <= 13; code++) {
    test(`by GOAWAY ${code}`, async (t) => {
      const { port, settled, inFlight } = await openEngine(
        t,
        ({ downstream }) => downstream.answer(200, [], Buffer.alloc(100_000)),
        http2,
      )
      const client = await frameClient(t, port)
      client.send(headers(1, fine))
      client.send(headers(3, fine))
      await eventually('the requests', () => inFlight.size === 0 && client.frames.some(({ stream }) => stream === 3))
      const last = Buffer.alloc(8)
      last.writeUInt32BE(code, 4)
      const room = [0, 1, 3].map((stream) => frame(frameType.windowUpdate, 0, stream, Buffer.from([0, 1, 0, 0])))
      client.send(Buffer.concat([...room, frame(frameType.goaway, 0, 0, last)]))
      if (code === 0) client.socket.end()
      await client.untilClosed()
      await settled()
    })
  }
})
