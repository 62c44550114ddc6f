import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Reason } from '@vrata/http1'
import { eventually, scriptedUpstream } from '@vrata/testkit'
import { call, openPool } from '../../testing/upstream-calls.ts'

const ok = 'HTTP/1.1 200 OK\r\n'

interface Row {
  readonly what: string
  readonly answer: string
  readonly rule: Reason
  /** What of the body is given out before. */
  readonly body?: string
}

const rows: readonly Row[] = [
  {
    what: 'a length and chunks',
    answer: `${ok}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n`,
    rule: 'length_and_encoding',
  },
  {
    what: 'two lengths',
    answer: `${ok}content-length: 5\r\ncontent-length: 5\r\n\r\nhello`,
    rule: 'content_length_repeated',
  },
  { what: 'a list of lengths', answer: `${ok}content-length: 5, 5\r\n\r\nhello`, rule: 'content_length_malformed' },
  { what: 'a negative length', answer: `${ok}content-length: -1\r\n\r\n`, rule: 'content_length_malformed' },
  {
    what: 'another coding',
    answer: `${ok}transfer-encoding: gzip, chunked\r\n\r\n`,
    rule: 'transfer_encoding_unsupported',
  },
  {
    what: 'chunks on HTTP/1.0',
    answer: 'HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n',
    rule: 'transfer_encoding_on_http10',
  },
  { what: 'a folded line', answer: `${ok}x: 1\r\n 2\r\n\r\n`, rule: 'folded_line' },
  { what: 'a bare LF', answer: 'HTTP/1.1 200 OK\ncontent-length: 0\n\n', rule: 'bare_lf' },
  { what: 'a bare CR', answer: `${ok}x: 1\r2\r\n\r\n`, rule: 'bare_cr' },
  { what: 'a NUL', answer: `${ok}x: 1\0\r\n\r\n`, rule: 'control_character' },
  { what: 'a space before the colon', answer: `${ok}content-length : 5\r\n\r\nhello`, rule: 'space_before_colon' },
  { what: 'a line without a colon', answer: `${ok}x\r\n\r\n`, rule: 'field_line_malformed' },
  { what: 'a status that does not exist', answer: 'HTTP/1.1 999 What\r\n\r\n', rule: 'status_out_of_range' },
  { what: 'another version', answer: 'HTTP/2.0 200 OK\r\n\r\n', rule: 'version_unsupported' },
  { what: 'no version', answer: 'ICY 200 OK\r\n\r\n', rule: 'version_malformed' },
  { what: 'an empty line first', answer: `\r\n${ok}\r\n`, rule: 'leading_empty_line' },
  {
    what: 'a chunk size that is none',
    answer: `${ok}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n-1\r\n`,
    rule: 'chunk_size_malformed',
    body: 'hello',
  },
  {
    what: 'a chunk size that is too large',
    answer: `${ok}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\nffffffffffffff\r\n`,
    rule: 'chunk_size_too_large',
    body: 'hello',
  },
  {
    what: 'a chunk that is longer than its size',
    answer: `${ok}transfer-encoding: chunked\r\n\r\n5\r\nhello!\r\n0\r\n\r\n`,
    rule: 'chunk_end_missing',
    body: 'hello',
  },
  {
    what: 'a chunk size ended by a bare LF',
    answer: `${ok}transfer-encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n`,
    rule: 'bare_lf',
  },
  {
    what: 'framing in trailers',
    answer: `${ok}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\ncontent-length: 9\r\n\r\n`,
    rule: 'trailer_forbidden',
    body: 'hello',
  },
  {
    what: 'interim answers without end',
    answer: 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(20),
    rule: 'too_many_informational',
  },
  {
    what: 'a protocol that nobody asked for',
    answer: 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n',
    rule: 'unexpected_switch',
  },
]

for (const { what, answer, rule, body = '' } of rows) {
  test(`${what} in an answer is refused by name, and the connection is not used again`, async (t) => {
    const upstream = await scriptedUpstream(t, async (peer, connection) => {
      await peer.requestHead()
      await peer.write(connection === 0 ? answer : `${ok}content-length: 2\r\n\r\nok`)
      await peer.closed()
    })
    const pool = openPool(t, upstream.port)
    const first = await call(pool).outcome
    assert.equal(first.failure?.reason, 'upstream_protocol_error')
    assert.equal(first.failure?.facts.rule, rule)
    assert.equal(first.failure?.status, 502)
    assert.equal(first.body, body)
    assert.equal((await call(pool).outcome).body, 'ok')
    assert.equal(upstream.connections, 2)
    await eventually('the broken one to be closed', () => upstream.open === 1)
    assert.deepEqual(pool.load, { inFlight: 0, idle: 1, waiting: 0, connections: 1 })
  })
}

const odd: readonly (readonly [what: string, answer: string, body: string])[] = [
  ['announces that it closes', `${ok}connection: close\r\ncontent-length: 2\r\n\r\nok`, 'ok'],
  ['speaks HTTP/1.0', 'HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok', 'ok'],
  ['answers twice', `${ok}content-length: 2\r\n\r\nok${ok}content-length: 6\r\n\r\npoison`, 'ok'],
  ['sends more than it declared', `${ok}content-length: 2\r\n\r\nokay`, 'ok'],
  ['sends something behind the last chunk', `${ok}transfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n\r\n`, 'ok'],
  ['announces a body where there is none', 'HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n', ''],
]

for (const [what, answer, body] of odd) {
  test(`a connection whose endpoint ${what} is not used again`, async (t) => {
    const upstream = await scriptedUpstream(t, async (peer, connection) => {
      await peer.requestHead()
      await peer.write(connection === 0 ? answer : `${ok}content-length: 4\r\n\r\nnext`)
      await peer.closed()
    })
    const pool = openPool(t, upstream.port)
    const first = await call(pool).outcome
    assert.equal(first.failure, undefined)
    assert.equal(first.body, body)
    assert.equal((await call(pool).outcome).body, 'next')
    assert.equal(upstream.connections, 2)
  })
}

test('something that comes while nothing was asked for closes the connection', async (t) => {
  const spoken = Promise.withResolvers<void>()
  const upstream = await scriptedUpstream(t, async (peer) => {
    await peer.requestHead()
    await peer.write(`${ok}content-length: 2\r\n\r\nok`)
    await spoken.promise
    await peer.write('HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n')
    await peer.closed()
  })
  const pool = openPool(t, upstream.port)
  await call(pool).outcome
  assert.equal(pool.load.idle, 1)
  spoken.resolve()
  await eventually('the connection to be closed', () => pool.load.connections === 0)
})
