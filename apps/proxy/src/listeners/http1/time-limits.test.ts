import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { describe, test } from 'node:test'
import { eventually } from '@vrata/testkit'
import type { Exchange } from '../../exchange.ts'
import { answerFailure } from '../../forwarding/answer-failure.ts'
import { HeaderLines } from '../../headers/header-lines.ts'
import { openEngine } from '../testing/engine.ts'
import { type RawClient, rawClient } from '../testing/raw-client.ts'

const hello = Buffer.from('hello')
const answerHello = ({ downstream }: Exchange) => downstream.answer(200, [], hello)
const get = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n'

/** Reads the body and answers when it is complete; a failure is answered as everywhere. */
function swallow(exchange: Exchange): void {
  const { requestBody, downstream } = exchange
  requestBody?.deliverTo({
    onChunk: () => undefined,
    onEnd: () => downstream.answer(200, [], hello),
    onFailure: (failure) => answerFailure(exchange, failure),
  })
  requestBody?.resume()
}

/** As long as it takes for what a client sent to be read; the time of the engine stands still meanwhile. */
async function arrived(client: RawClient): Promise<void> {
  await eventually('the bytes to leave', () => client.socket.writableLength === 0)
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
}

const late =
  /^HTTP\/1\.1 408 Request Timeout\r\n[\s\S]*connection: close\r\n\r\n\{"error":"request_timeout","status":408/

describe('the head of a request', () => {
  const slow: readonly [what: string, pieces: readonly string[]][] = [
    ['does not come at all', []],
    ['stops in the middle', ['GET / HTTP/1.1\r\nhos']],
    ['comes byte by byte', [...'GET / HTTP/1.1\r\n']],
    ['never ends', Array.from({ length: 20 }, (_, n) => (n === 0 ? 'GET / HTTP/1.1\r\n' : `h${n}: 1\r\n`))],
  ]
  for (const [what, pieces] of slow) {
    test(`that ${what} is answered 408 when its time is over`, async (t) => {
      const { port, clock, engine, settled } = await openEngine(t, answerHello)
      const client = await rawClient(t, port)
      await eventually('the connection', () => engine.connections === 1)
      let passed = 0
      for (const piece of pieces) {
        client.send(piece)
        await arrived(client)
        clock.advance(400)
        passed += 400
      }
      assert.equal(client.text, '')
      clock.advance(9_999 - passed)
      await arrived(client)
      assert.equal(client.text, '')
      clock.advance(21)
      assert.match(await client.untilClosed(), late)
      await settled()
    })
  }

  test('of a later request has its own time, from its first byte on', async (t) => {
    const { port, clock, settled } = await openEngine(t, answerHello)
    const client = await rawClient(t, port)
    client.send(get)
    await client.until('hello')
    clock.advance(60_000)
    client.send('GET / HTTP/1.1\r\n')
    await arrived(client)
    clock.advance(9_000)
    client.send('host: a\r\n\r\n')
    await client.until('hello', 2)
    client.send('GET')
    await arrived(client)
    clock.advance(10_020)
    assert.match((await client.untilClosed()).split('hello').at(-1) ?? '', late)
    await settled()
  })

  test('does not run out of time while the answer before it is being made', async (t) => {
    const held: Exchange[] = []
    const { port, clock } = await openEngine(t, (exchange) => void held.push(exchange), {
      timeouts: { clientRequestTotal: '20s' },
    })
    const client = await rawClient(t, port)
    client.send(`${get}GET /`)
    await eventually('the request', () => held.length === 1)
    await arrived(client)
    clock.advance(3_600_000)
    if (held[0] !== undefined) answerHello(held[0])
    await client.until('hello')
    client.send('2 HTTP/1.1\r\nhost: a\r\n\r\n')
    await eventually('the second request', () => held.length === 2)
    assert.equal(held[1]?.path, '/2')
  })
})

describe('between requests', () => {
  test('a connection is closed when its time is over, without a word', async (t) => {
    const { port, clock, settled } = await openEngine(t, answerHello)
    const client = await rawClient(t, port)
    for (let round = 1; round <= 3; round++) {
      client.send(get)
      await client.until('hello', round)
      await arrived(client)
      clock.advance(119_000)
      await arrived(client)
      assert.ok(!client.ended)
    }
    clock.advance(1_020)
    assert.match(await client.untilClosed(), /hello$/)
    await settled()
  })

  test('0s leaves them to the limit of the body', async (t) => {
    const { port, clock, settled } = await openEngine(t, answerHello, {
      timeouts: { idleBetweenRequests: '0s', clientHeader: '0s', clientRequest: '5s' },
    })
    const client = await rawClient(t, port)
    client.send(get)
    await client.until('hello')
    await arrived(client)
    clock.advance(5_020)
    await client.untilClosed()
    await settled()
  })
})

const post = (length: number) => `POST / HTTP/1.1\r\nhost: a\r\ncontent-length: ${length}\r\n\r\n`

describe('the body of a request', () => {
  test('that stops coming is answered 408', async (t) => {
    const { port, clock, settled } = await openEngine(t, swallow)
    const client = await rawClient(t, port)
    client.send(`${post(10)}abc`)
    await arrived(client)
    clock.advance(59_999)
    client.send('d')
    await arrived(client)
    clock.advance(59_999)
    await arrived(client)
    assert.equal(client.text, '')
    clock.advance(21)
    assert.match(await client.untilClosed(), late)
    await settled()
  })

  test('may take as long as it likes when it comes on and on', async (t) => {
    const { port, clock, settled } = await openEngine(t, swallow)
    const client = await rawClient(t, port)
    client.send(post(40))
    for (let at = 0; at < 40; at++) {
      client.send('x')
      await arrived(client)
      clock.advance(59_000)
    }
    assert.match(await client.until('hello'), /^HTTP\/1\.1 200 /)
    client.socket.end()
    await client.untilClosed()
    await settled()
  })

  test('is bounded as a whole where the listener says so', async (t) => {
    const { port, clock, settled } = await openEngine(t, swallow, { timeouts: { clientRequestTotal: '100s' } })
    const client = await rawClient(t, port)
    client.send(post(40))
    for (let at = 0; at < 10; at++) {
      client.send('x')
      await arrived(client)
      clock.advance(9_000)
    }
    assert.equal(client.text, '')
    clock.advance(10_020)
    assert.match(await client.untilClosed(), late)
    await settled()
  })

  test('is not waited for while nobody wants it', async (t) => {
    let held: Exchange | undefined
    const { port, clock, settled } = await openEngine(t, (exchange) => {
      held = exchange
    })
    const client = await rawClient(t, port)
    client.send(post(5))
    await eventually('the request', () => held !== undefined)
    clock.advance(3_600_000)
    if (held !== undefined) swallow(held)
    held?.requestBody?.pause()
    clock.advance(3_600_000)
    held?.requestBody?.resume()
    client.send('hello')
    assert.match(await client.until('hello'), /^HTTP\/1\.1 200 /)
    client.socket.end()
    await client.untilClosed()
    await settled()
  })

  test('that nobody wants any more is read on for two seconds, and then the connection closes', async (t) => {
    const { port, clock, settled } = await openEngine(t, answerHello)
    const client = await rawClient(t, port)
    client.send(post(1_000))
    await client.until('hello')
    for (let at = 0; at < 10; at++) {
      client.send('x')
      await arrived(client)
      clock.advance(190)
    }
    assert.ok(!client.ended)
    clock.advance(200)
    await client.untilClosed()
    await settled()
  })
})

describe('an answer', () => {
  test('may take as long as it likes to be made, and as a stream to go on', async (t) => {
    let stream: Exchange | undefined
    const { port, clock, settled } = await openEngine(t, (exchange) => {
      stream = exchange
    })
    const client = await rawClient(t, port)
    client.send(get)
    await eventually('the request', () => stream !== undefined)
    clock.advance(24 * 3_600_000)
    stream?.downstream.head(200, new HeaderLines(), 'unknown')
    for (let event = 1; event <= 5; event++) {
      stream?.downstream.write(hello)
      await client.until('hello', event)
      clock.advance(24 * 3_600_000)
    }
    stream?.downstream.end([])
    await client.until('\r\n0\r\n\r\n')
    client.socket.end()
    await client.untilClosed()
    await settled()
  })

  test('that the client does not take is given up', async (t) => {
    let gone = 0
    const { port, clock, settled, inFlight } = await openEngine(t, ({ downstream }) => {
      downstream.events = { onDrain: () => undefined, onClientGone: () => void gone++ }
      downstream.head(200, new HeaderLines(), 'unknown')
      while (downstream.write(Buffer.alloc(65_536)));
    })
    const client = await rawClient(t, port)
    client.socket.pause()
    client.send(get)
    await eventually('the answer', () => inFlight.size === 1)
    await arrived(client)
    clock.advance(59_000)
    assert.equal(gone, 0)
    clock.advance(17_000)
    await eventually('the end', () => gone === 1)
    await settled()
  })

  test('that the client takes slowly is not', async (t) => {
    const body = Buffer.alloc(100_000_000, 'x')
    const { port, clock, settled, engine } = await openEngine(t, ({ downstream }) => downstream.answer(200, [], body))
    const socket = connect({ port, host: '127.0.0.1' })
    t.after(() => socket.destroy())
    socket.write(get)
    let received = 0
    let step = 10_000_000 // more than the kernel keeps on both sides: less would not be seen as progress
    for await (const chunk of socket) {
      received += chunk.length
      if (received > body.length) break
      if (received < step) continue
      step += 10_000_000
      clock.advance(59_000)
      assert.equal(engine.connections, 1)
    }
    await settled()
  })

  test('behind which the client does not close is followed by our own close', async (t) => {
    const { port, clock, engine, settled } = await openEngine(t, answerHello)
    const client = await rawClient(t, port)
    client.socket.allowHalfOpen = true
    client.send(get.replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n'))
    await eventually('the end', () => client.ended)
    assert.equal(engine.connections, 1)
    clock.advance(2_020)
    await settled()
  })
})
