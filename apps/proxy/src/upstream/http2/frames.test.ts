import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually, type Scope, type ScriptedPeer, scriptedUpstream } from '@vrata/testkit'
import { call, openPool } from '../../testing/upstream-calls.ts'

const types = { data: 0, headers: 1, rstStream: 3, settings: 4, ping: 6, goaway: 7 } as const
const flags = { endStream: 1, endHeaders: 4, ack: 1 } as const
const codes = { protocolError: 1, internalError: 2, flowControlError: 3, cancel: 8, enhanceYourCalm: 11 } as const

/** A frame of HTTP/2, byte by byte (RFC 9113, 4.1). */
function frame(type: number, flag: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flag, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** `:status: 200`, the eighth of the static table (RFC 7541, appendix A). */
const status200 = Buffer.from([0x88])

const settings = frame(types.settings, 0, 0)
const headers = (stream: number, end = false) =>
  frame(types.headers, flags.endHeaders | (end ? flags.endStream : 0), stream, status200)
const data = (stream: number, text: string, end = false) =>
  frame(types.data, end ? flags.endStream : 0, stream, Buffer.from(text))
const reset = (stream: number, code: number) => frame(types.rstStream, 0, stream, code32(code))
const goaway = (last: number, code: number) => frame(types.goaway, 0, 0, Buffer.concat([code32(last), code32(code)]))

function code32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** Reads frames up to the head of the next request, and gives its stream. */
async function nextRequest(peer: ScriptedPeer): Promise<number> {
  for (;;) {
    const head = await peer.readBytes(9)
    await peer.readBytes(head.readUIntBE(0, 3))
    if (head.readUInt8(3) === types.headers) return head.readUInt32BE(5)
  }
}

/** An endpoint that writes its frames by hand. */
async function byHand(t: Scope, script: (peer: ScriptedPeer, connection: number) => Promise<void>) {
  const upstream = await scriptedUpstream(t, async (peer, connection) => {
    await peer.readBytes(24)
    await peer.write(settings)
    await script(peer, connection)
  })
  return { upstream, pool: openPool(t, upstream.port, { http2: true }) }
}

for (const [name, code, reason] of [
  ['INTERNAL_ERROR', codes.internalError, 'connection_reset'],
  ['CANCEL', codes.cancel, 'connection_reset'],
  ['ENHANCE_YOUR_CALM', codes.enhanceYourCalm, 'connection_reset'],
  ['PROTOCOL_ERROR', codes.protocolError, 'upstream_protocol_error'],
  ['FLOW_CONTROL_ERROR', codes.flowControlError, 'upstream_protocol_error'],
] as const) {
  test(`a stream that is reset by ${name} is ${reason}, before the head and within the body`, async (t) => {
    const { upstream, pool } = await byHand(t, async (peer) => {
      await peer.write(reset(await nextRequest(peer), code))
      const second = await nextRequest(peer)
      await peer.write(Buffer.concat([headers(second), data(second, 'hel'), reset(second, code)]))
      const third = await nextRequest(peer)
      await peer.write(Buffer.concat([headers(third), data(third, 'ok', true)]))
      await peer.closed()
    })
    assert.equal((await call(pool).outcome).failure?.reason, reason)
    const { status, body, failure } = await call(pool).outcome
    assert.equal(status, 200)
    assert.ok('hel'.startsWith(body))
    assert.equal(failure?.reason, reason)
    assert.match(String(failure?.cause), new RegExp(name))
    assert.equal((await call(pool).outcome).body, 'ok')
    assert.equal(upstream.connections, 1, 'the connection is as good as before')
    await eventually('nothing to be in flight', () => pool.load.inFlight === 0)
  })
}

const answer = (stream: number) => Buffer.concat([headers(stream), data(stream, 'hel'), data(stream, 'lo', true)])

for (const way of ['end', 'reset'] as const) {
  test(`an answer that is cut by ${way} at any byte is a failure, and a whole one is none`, async (t) => {
    const whole = answer(1).length
    const { upstream, pool } = await byHand(t, async (peer, connection) => {
      const stream = await nextRequest(peer)
      await peer.write(answer(stream).subarray(0, connection))
      if (connection === whole) await peer.closed()
      else if (way === 'end') peer.end()
      else peer.reset()
    })
    for (let at = 0; at < whole; at++) {
      const { failure, body } = await call(pool).outcome
      // The platform tells of a reset as of an end when it comes right behind other bytes.
      const isTold = failure?.reason === 'upstream_protocol_error' || failure?.reason === 'connection_reset'
      assert.ok(isTold, `cut at ${at}: ${failure?.reason}`)
      assert.ok('hello'.startsWith(body))
      await eventually('the connection to be forgotten', () => pool.load.connections === 0)
    }
    const { failure, body } = await call(pool).outcome
    assert.equal(failure, undefined)
    assert.equal(body, 'hello')
    assert.equal(upstream.connections, whole + 1)
  })
}

test('GOAWAY with an error ends what it names, and the next request has a new connection', async (t) => {
  const { upstream, pool } = await byHand(t, async (peer, connection) => {
    const stream = await nextRequest(peer)
    if (connection === 0) await peer.write(goaway(stream, codes.enhanceYourCalm))
    else await peer.write(Buffer.concat([headers(stream), data(stream, 'ok', true)]))
    await peer.closed()
  })
  const { failure } = await call(pool).outcome
  assert.ok(failure?.reason === 'connection_reset' || failure?.reason === 'upstream_protocol_error', failure?.reason)
  assert.equal((await call(pool).outcome).body, 'ok')
  assert.equal(upstream.connections, 2)
})

test('frames that break the protocol end the connection', async (t) => {
  const broken: readonly (readonly [what: string, bytes: (stream: number) => Buffer])[] = [
    ['DATA before a head', (stream) => data(stream, 'x')],
    [
      'a head that cannot be decoded',
      (stream) => frame(types.headers, flags.endHeaders, stream, Buffer.from([0xff, 0xff])),
    ],
    ['a frame that is too large', (stream) => frame(types.data, 0, stream, Buffer.alloc(20_000))],
    ['DATA on stream 0', () => data(0, 'x')],
  ]
  for (const [what, bytes] of broken) {
    const { pool } = await byHand(t, async (peer) => {
      await peer.write(bytes(await nextRequest(peer)))
      await peer.closed()
    })
    const { failure } = await call(pool).outcome
    assert.equal(failure?.reason, 'upstream_protocol_error', what)
    await eventually(`the connection to be forgotten after ${what}`, () => pool.load.inFlight === 0)
    pool[Symbol.dispose]()
  }
})

test('a head that HTTP does not allow is refused', async (t) => {
  const literal = (name: string, value: string) =>
    Buffer.concat([Buffer.from([0, name.length]), Buffer.from(name), Buffer.from([value.length]), Buffer.from(value)])
  for (const [name, value] of [
    ['X-Upper', '1'],
    ['connection', 'close'],
    ['transfer-encoding', 'chunked'],
  ] as const) {
    const { pool } = await byHand(t, async (peer) => {
      const stream = await nextRequest(peer)
      const block = Buffer.concat([status200, literal(name, value)])
      await peer.write(frame(types.headers, flags.endHeaders | flags.endStream, stream, block))
      await peer.closed()
    })
    const { failure } = await call(pool).outcome
    assert.equal(failure?.reason, 'upstream_protocol_error', name)
    pool[Symbol.dispose]()
  }
})

test('a body that is not as long as its head says is a failure', async (t) => {
  const length = (text: string) => Buffer.concat([status200, Buffer.from([0x0f, 0x0d, text.length]), Buffer.from(text)])
  for (const declared of ['9', '1']) {
    const { pool } = await byHand(t, async (peer) => {
      const stream = await nextRequest(peer)
      await peer.write(frame(types.headers, flags.endHeaders, stream, length(declared)))
      await peer.write(data(stream, 'hello', true))
      await peer.closed()
    })
    const { failure } = await call(pool).outcome
    assert.equal(failure?.reason, 'upstream_protocol_error', `declared ${declared}`)
    pool[Symbol.dispose]()
  }
})
