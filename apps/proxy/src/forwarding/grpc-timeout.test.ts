import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, type ScriptedPeer, scriptedUpstream } from '@vrata/testkit'
import fc from 'fast-check'
import { startInProcess } from '../testing/in-process.ts'
import { grpcDeadline, grpcTimeoutText } from './grpc-timeout.ts'

const deadlines: readonly (readonly [asked: string | undefined, limit: number, deadline: number])[] = [
  [undefined, 5_000, 5_000],
  ['1H', 5_000, 5_000],
  ['1M', 100_000, 60_000],
  ['2S', 5_000, 2_000],
  ['20m', 5_000, 20],
  ['500u', 5_000, 0.5],
  ['1000000n', 5_000, 1],
  ['99999999H', 5_000, 5_000],
  // What cannot be read asks for nothing.
  ['123456789m', 5_000, 5_000],
  ['1', 5_000, 5_000],
  ['m', 5_000, 5_000],
  ['-1m', 5_000, 5_000],
  ['1.5S', 5_000, 5_000],
  ['1 S', 5_000, 5_000],
]

for (const [asked, limit, deadline] of deadlines) {
  test(`a client that asks for ${asked} where ${limit} ms are allowed gets ${deadline} ms`, () => {
    assert.equal(grpcDeadline(asked, limit), deadline)
  })
}

const texts: readonly (readonly [milliseconds: number, text: string])[] = [
  [1, '1m'],
  [5_000, '5000m'],
  [0.5, '500u'],
  [0.001, '1u'],
  [99_999_999, '99999999m'],
  [100_000_000, '100000S'],
]

for (const [milliseconds, text] of texts) {
  test(`${milliseconds} ms are written ${text}`, () => assert.equal(grpcTimeoutText(milliseconds), text))
}

test('what is written is read as the same, and has at most eight digits', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 99_999_999_000 }), (milliseconds) => {
      const text = grpcTimeoutText(milliseconds)
      assert.match(text, /^\d{1,8}[muS]$/)
      assert.ok(Math.abs(grpcDeadline(text, Infinity) - milliseconds) <= 500)
    }),
  )
})

/** What an upstream behind a route with a limit of a minute sees of a call, and what the caller gets. */
async function callThrough(
  t: Parameters<typeof scriptedUpstream>[0],
  headers: Record<string, string>,
  answers: boolean,
) {
  const head = Promise.withResolvers<string>()
  const upstream = await scriptedUpstream(t, async (peer: ScriptedPeer) => {
    head.resolve(await peer.requestHead().catch(() => '')) // its time may be over before it is sent
    if (answers) await peer.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
    await peer.closed()
  })
  const proxy = await startInProcess(t, (s) =>
    s.destination('d', upstream.address).forward('r', '/', 'd', {
      forward: { destinations: [{ destinationId: 'd', weight: 100 }], maxGrpcTimeout: '1m' },
    }),
  )
  const answer = await ask(`${proxy.url}/`, { headers })
  return { answer, head: head.promise }
}

const grpc = { 'content-type': 'application/grpc' }

for (const [what, headers, expected] of [
  ['asks for more', { ...grpc, 'grpc-timeout': '100S' }, /\r\ngrpc-timeout: 60000m\r\n/],
  ['asks for nothing', grpc, /\r\ngrpc-timeout: 60000m\r\n/],
  ['asks for less', { ...grpc, 'grpc-timeout': '50S' }, /\r\ngrpc-timeout: 50S\r\n/],
  ['is no gRPC', { 'grpc-timeout': '10S' }, /\r\ngrpc-timeout: 10S\r\n/],
] as const) {
  test(`the endpoint is told how long a call may take that ${what}`, async (t) => {
    const { head, answer } = await callThrough(t, headers, true)
    assert.match(await head, expected)
    assert.equal((await head).match(/grpc-timeout/g)?.length, 1)
    assert.equal(answer.body, 'ok')
  })
}

test('a call that takes longer is over, whatever the endpoint does', async (t) => {
  const { answer } = await callThrough(t, { ...grpc, 'grpc-timeout': '50m' }, false)
  assert.deepEqual([answer.status, answer.headers['grpc-status']], [200, '4'])
})
