import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rawExchange, type Scope, scriptedUpstream } from '@vrata/testkit'
import { startInProcess } from '../../testing/in-process.ts'

/** What a client hears that wants another protocol, from an upstream that says `answer` to that and ends its side. */
async function heard(t: Scope, token: string, answer: string): Promise<string> {
  const upstream = await scriptedUpstream(t, async (peer) => {
    await peer.requestHead()
    await peer.write(answer.replaceAll('TOKEN', token))
    peer.end()
    await peer.closed()
  })
  const proxy = await startInProcess(t, (s, port) =>
    s.listener('main', port, { drainTimeout: '0s' }).destination('d', upstream.address).forward('r', '/', 'd'),
  )
  return rawExchange(
    proxy.port,
    `GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: ${token}\r\nsec-websocket-version: 13\r\n\r\n`,
  )
}

const refusals: readonly (readonly [what: string, answer: string, rule: string, says: RegExp])[] = [
  ['an end before an answer', '', 'closed_before_response', /closed the connection before it answered/],
  ['a status that does not exist', 'HTTP/1.1 999 What\r\n\r\n', 'status_out_of_range', /valid HTTP/],
  ['101 without a protocol', 'HTTP/1.1 101 Switching Protocols\r\n\r\nbytes', 'unexpected_switch', /valid HTTP/],
  [
    '101 to two protocols',
    'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: TOKEN, other\r\n\r\n',
    'unexpected_switch',
    /valid HTTP/,
  ],
  [
    'interim answers without end',
    'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'.repeat(50),
    'too_many_informational',
    /valid HTTP/,
  ],
]

for (const token of ['websocket', 'other']) {
  for (const [what, answer, rule, says] of refusals) {
    test(`${token}: ${what} instead of an agreement is refused by name`, { timeout: 10_000 }, async (t) => {
      const got = await heard(t, token, answer)
      const last = got.slice(got.lastIndexOf('HTTP/1.1 '))
      assert.match(last, /^HTTP\/1\.1 502 Bad Gateway\r\n/)
      const { error, message, reason } = JSON.parse(last.slice(last.indexOf('\r\n\r\n')))
      assert.deepEqual([error, reason], ['upstream_protocol_error', rule])
      assert.match(message, says)
    })
  }

  test(`${token}: a refusal with chunks and trailers reaches the client whole, one that is cut does not pass for whole`, async (t) => {
    const head = 'HTTP/1.1 403 Forbidden\r\ntransfer-encoding: chunked\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n\r\n'
    const whole = await heard(t, token, `${head}4\r\nnope\r\n0\r\nx-t: 1\r\n\r\n`)
    assert.match(whole, /\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n/)
    assert.ok(whole.endsWith('\r\n4\r\nnope\r\n0\r\nx-t: 1\r\n\r\n'), whole)
    const cut = await heard(t, token, `${head}4\r\nnope\r\n`)
    assert.match(cut, /nope/)
    assert.doesNotMatch(cut, /\r\n0\r\n/)
  })

  test(`${token}: the head of an agreement may be as large as any`, async (t) => {
    const large = `x-large: ${'v'.repeat(100_000)}`
    const answer = `HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: TOKEN\r\n${large}\r\n\r\nbytes`
    const got = await heard(t, token, answer)
    assert.match(got, /^HTTP\/1\.1 101 /)
    assert.ok(got.endsWith('\r\n\r\nbytes'))
  })
}
