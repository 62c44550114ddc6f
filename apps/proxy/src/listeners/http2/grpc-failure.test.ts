import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientHttp2Session, connect, constants } from 'node:http2'
import { describe, test } from 'node:test'
import { eventually, own, rawExchange, type Scope } from '@vrata/testkit'
import type { Exchange } from '../../exchange.ts'
import { Failure } from '../../failure/failure.ts'
import type { FailureReason } from '../../failure/failures.ts'
import { answerFailure } from '../../forwarding/answer-failure.ts'
import { HeaderLines } from '../../headers/header-lines.ts'
import { openEngine } from '../testing/engine.ts'
import { http2Session, request, streamClosed } from '../testing/http2-client.ts'

const http2 = { http2: true } as const
const call = { ':method': 'POST', 'content-type': 'application/grpc' } as const

/** Begins an answer: its head and half of its body. */
function begin({ downstream }: Exchange, half: Buffer, type = 'application/grpc+proto', length?: number): void {
  const lines = new HeaderLines()
  if (type !== '') lines.add('Content-Type', type)
  downstream.head(200, lines, length ?? 'unknown')
  if (half.length > 0) downstream.write(half)
}

describe('a call of gRPC that fails after its answer has begun', () => {
  for (const [reason, status] of [
    ['timeout', '4'],
    ['connection_reset', '14'],
    ['upstream_protocol_error', '14'],
    ['payload_too_large', '8'],
  ] as const satisfies readonly (readonly [FailureReason, string])[]) {
    for (const [when, later] of [
      ['in the same turn', (then: () => void) => then()],
      ['later', setImmediate],
    ] as const) {
      test(`${when}, by ${reason}, ends with status ${status} behind what was written`, async (t) => {
        const half = Buffer.alloc(40_000, 'x')
        const { port, settled } = await openEngine(
          t,
          (exchange) => {
            begin(exchange, half)
            later(() => answerFailure(exchange, new Failure(reason, { message: 'só 100%' })))
          },
          http2,
        )
        const session = await http2Session(t, port)
        const { body, trailers, code } = await request(session, call)
        assert.deepEqual([body.length, code], [half.length, constants.NGHTTP2_NO_ERROR])
        assert.deepEqual([trailers['grpc-status'], trailers['grpc-message']], [status, 's%C3%B3 100%25'])
        session.close()
        await settled()
      })
    }
  }

  test('before any of its body came ends with its status too', async (t) => {
    const { port, settled } = await openEngine(
      t,
      (exchange) => {
        begin(exchange, Buffer.alloc(0))
        setImmediate(() => answerFailure(exchange, new Failure('timeout')))
      },
      http2,
    )
    const session = await http2Session(t, port)
    const { body, trailers } = await request(session, call)
    assert.deepEqual([body, trailers['grpc-status']], ['', '4'])
    session.close()
    await settled()
  })

  test('while the client still sends tells it the status, and then that nobody reads the rest', async (t) => {
    const { port, settled } = await openEngine(
      t,
      (exchange) => {
        begin(exchange, Buffer.from('half'))
        setImmediate(() => answerFailure(exchange, new Failure('timeout')))
      },
      http2,
    )
    const session = await http2Session(t, port)
    const stream = session.request({ ':path': '/', ...call })
    stream.write('more will follow')
    const closed = streamClosed(stream)
    const trailers = once(stream, 'trailers')
    stream.resume()
    assert.equal((await trailers)[0]['grpc-status'], '4')
    await closed
    assert.equal(stream.rstCode, constants.NGHTTP2_NO_ERROR)
    session.close()
    await settled()
  })
})

describe('what fails after it has begun is cut', () => {
  for (const [what, headers, type, length] of [
    ['when the request is no gRPC', { ':method': 'POST' }, 'application/grpc', undefined],
    [
      'when the request is gRPC-Web',
      { ...call, 'content-type': 'application/grpc-web' },
      'application/grpc',
      undefined,
    ],
    ['when the answer is no gRPC', call, 'text/html', undefined],
    ['when the answer does not say what it is', call, '', undefined],
    ['when the answer says how long it is', call, 'application/grpc', 100],
  ] as const) {
    test(what, async (t) => {
      const { port, settled } = await openEngine(
        t,
        (exchange) => {
          begin(exchange, Buffer.from('half'), type, length)
          setImmediate(() => answerFailure(exchange, new Failure('timeout')))
        },
        http2,
      )
      const session = await http2Session(t, port)
      const { code, trailers } = await request(session, headers)
      assert.deepEqual([code, trailers], [constants.NGHTTP2_INTERNAL_ERROR, {}])
      session.close()
      await settled()
    })
  }

  test('on HTTP/1.1, gRPC or not', async (t) => {
    const { port, settled } = await openEngine(t, (exchange) => {
      begin(exchange, Buffer.from('half'))
      setImmediate(() => answerFailure(exchange, new Failure('timeout')))
    })
    const lines = ['POST / HTTP/1.1', 'host: a', 'te: trailers', 'content-type: application/grpc', 'content-length: 0']
    const answer = await rawExchange(port, `${lines.join('\r\n')}\r\n\r\n`)
    assert.match(answer, /\r\n4\r\nhalf\r\n$/)
    await settled()
  })
})

describe('a client that does not read', () => {
  /** A session whose streams take `window` bytes. */
  const narrow = async (t: Scope, port: number, window: number): Promise<ClientHttp2Session> => {
    const session = connect(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: window } })
    own(t, () => session.destroy())
    session.on('error', () => undefined)
    await once(session, 'connect')
    return session
  }
  const turn = async () => {
    for (let at = 0; at < 5; at++) await new Promise(setImmediate)
  }

  for (const [what, window] of [
    ['what was written', 1_000],
    ['the status alone', 4_000],
  ] as const) {
    test(`is given up in the usual time when ${what} waits for it`, async (t) => {
      const { port, clock, settled, inFlight } = await openEngine(
        t,
        (exchange) => {
          begin(exchange, Buffer.alloc(4_000))
          setImmediate(() => answerFailure(exchange, new Failure('timeout')))
        },
        http2,
      )
      const session = await narrow(t, port, window)
      const stream = session.request({ ':path': '/', ...call }, { endStream: true })
      stream.pause()
      const closed = streamClosed(stream)
      await once(stream, 'response')
      await eventually('the end of the exchange', () => inFlight.size === 0)
      await turn()
      clock.advance(59_000)
      await turn()
      assert.equal(stream.closed, false)
      clock.advance(20_000)
      await eventually('the reset', () => stream.closed)
      assert.equal(stream.rstCode, constants.NGHTTP2_CANCEL)
      stream.resume()
      await closed
      session.close()
      await settled()
    })

    test(`gets all when it reads late: ${what} waited for it`, async (t) => {
      const { port, settled, inFlight } = await openEngine(
        t,
        (exchange) => {
          begin(exchange, Buffer.alloc(4_000))
          setImmediate(() => answerFailure(exchange, new Failure('timeout')))
        },
        http2,
      )
      const session = await narrow(t, port, window)
      // The request is not complete: that nobody reads its rest must not overtake the status.
      const stream = session.request({ ':path': '/', ...call })
      stream.write('x')
      stream.pause()
      const closed = streamClosed(stream)
      await once(stream, 'response')
      await eventually('the end of the exchange', () => inFlight.size === 0)
      await turn()
      let size = 0
      let status: unknown
      stream.on('trailers', (trailers) => {
        status = trailers['grpc-status']
      })
      stream.on('data', (chunk) => {
        size += chunk.length
      })
      stream.resume()
      await closed
      assert.deepEqual([size, status, stream.rstCode], [4_000, '4', constants.NGHTTP2_NO_ERROR])
      session.close()
      await settled()
    })
  }
})
