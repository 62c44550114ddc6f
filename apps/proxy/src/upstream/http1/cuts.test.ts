import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually, type ScriptedPeer, scriptedUpstream } from '@vrata/testkit'
import { call, openPool } from '../../testing/upstream-calls.ts'

/** Answers of every framing, whole. */
const answers: readonly (readonly [what: string, answer: string, body: string])[] = [
  ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: 1\r\n\r\nhello', 'hello'],
  [
    'chunks and trailers',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nx-t: 1\r\n\r\n',
    'hello',
  ],
  [
    'an interim answer before',
    'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx',
    'x',
  ],
]

const ways = ['end', 'reset'] as const

for (const [what, answer, body] of answers) {
  for (const way of ways) {
    test(`an answer framed by ${what} that is cut by ${way} at any byte is a failure, and a whole one is none`, async (t) => {
      const upstream = await scriptedUpstream(t, async (peer, connection) => {
        await peer.requestHead()
        await peer.write(answer.slice(0, connection))
        if (connection < answer.length) cut(peer, way)
        else await peer.closed()
      })
      const pool = openPool(t, upstream.port)
      for (let at = 0; at <= answer.length; at++) {
        const outcome = await call(pool).outcome
        if (at === answer.length) {
          assert.equal(outcome.failure, undefined)
          assert.equal(outcome.body, body)
          continue
        }
        const { failure } = outcome
        assert.ok(failure !== undefined, `cut at ${at}`)
        const reason = way === 'reset' ? 'connection_reset' : 'upstream_protocol_error'
        assert.equal(failure.reason, reason, `cut at ${at}`)
        if (way === 'end') {
          assert.equal(failure.facts.rule, ruleAt(answer, at, outcome.status), `cut at ${at}`)
          assert.match(
            failure.message,
            at === 0 ? /closed the connection before it answered/ : /closed the connection before/,
          )
        }
        assert.ok(body.startsWith(outcome.body))
      }
      assert.equal(upstream.connections, answer.length + 1, 'none of them was used again')
      await eventually('all but the last one to be closed', () => pool.load.connections === 1)
      assert.deepEqual(pool.load, { inFlight: 0, idle: 1, waiting: 0, connections: 1 })
    })
  }
}

function cut(peer: ScriptedPeer, way: (typeof ways)[number]): void {
  if (way === 'end') peer.end()
  else peer.reset()
}

/** Which rule an end breaks: before the answer, within a head, or within its body. */
function ruleAt(answer: string, at: number, status: number | undefined): string {
  if (status !== undefined) return 'truncated_body'
  if (at === 0) return 'closed_before_response'
  const firstHead = answer.indexOf('\r\n\r\n') + 4
  const interim = answer.startsWith('HTTP/1.1 1')
  return interim && at === firstHead ? 'closed_before_response' : 'truncated_head'
}

for (const [what, answer, body] of answers) {
  test(`an answer framed by ${what} that drips byte by byte arrives whole, and its connection is used again`, async (t) => {
    const upstream = await scriptedUpstream(t, async (peer) => {
      for (let times = 0; times < 2; times++) {
        await peer.requestHead()
        for (const byte of answer) await peer.write(byte)
      }
      await peer.closed()
    })
    const pool = openPool(t, upstream.port)
    for (let times = 0; times < 2; times++) {
      const outcome = await call(pool).outcome
      assert.equal(outcome.failure, undefined)
      assert.equal(outcome.body, body)
    }
    assert.equal(upstream.connections, 1)
  })
}

test('an answer that is there whole when the connection is reset behind it may be lost, but is never mutilated', async (t) => {
  const answer = 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello'
  const upstream = await scriptedUpstream(t, async (peer) => {
    await peer.requestHead()
    await peer.write(answer)
    peer.reset()
  })
  const pool = openPool(t, upstream.port)
  for (let times = 0; times < 20; times++) {
    const { failure, body } = await call(pool).outcome
    assert.ok(failure?.reason === 'connection_reset' || body === 'hello')
  }
})

test('a connection whose endpoint has ended its half is not used again', async (t) => {
  const upstream = await scriptedUpstream(t, async (peer) => {
    await peer.requestHead()
    await peer.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
    peer.end()
  })
  const pool = openPool(t, upstream.port)
  for (let times = 0; times < 5; times++) {
    assert.equal((await call(pool).outcome).body, 'ok')
    await eventually('the connection to be let go', () => pool.load.connections === 0)
  }
  assert.equal(upstream.connections, 5)
})
