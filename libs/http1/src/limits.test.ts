import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { chunked, client, get, head, server } from '../fuzz/cases.ts'
import { cut, type Reading, transcribe } from '../fuzz/transcript.ts'
import { completeLimits, defaultLimits, type Limits } from './limits.ts'

/** How a text ends when it is read whole and when it drips in, which must be the same. */
function outcome(text: string, reading: Reading, limits: Partial<Limits>): string {
  const bytes = Buffer.from(text, 'latin1')
  const complete = { ...reading, limits: completeLimits(limits) }
  const dripped = cut(
    bytes,
    Array.from({ length: bytes.length - 1 }, (_, index) => index + 1),
  )
  const [whole, drip] = [[bytes], dripped].map((pieces) => {
    return (
      transcribe(pieces, complete)
        .lines.find((line) => line.startsWith('refused'))
        ?.split(' ')[1] ?? 'accepted'
    )
  })
  assert.equal(drip, whole, 'dripping makes a difference')
  return whole ?? ''
}

const requestLine = 'GET /0123456789 HTTP/1.1'
const request = get('A: 1', 'B: 2')
const trailers = 'T: 1\r\nU: 2\r\n\r\n'
const ok = head('HTTP/1.1 200 OK', 'Content-Length: 0')

const rows: readonly [limit: keyof Limits, exact: number, text: string, reason: string, reading?: Reading][] = [
  ['startLine', requestLine.length, head(requestLine, 'Host: a'), 'start_line_too_long'],
  ['startLine', 'HTTP/1.1 200 OK'.length, ok, 'start_line_too_long', client],
  ['head', request.length, request, 'head_too_large'],
  ['head', ok.length, ok, 'head_too_large', client],
  ['fields', 3, request, 'too_many_fields'],
  ['chunkSizeDigits', 4, chunked('0005\r\nhello\r\n0\r\n\r\n'), 'chunk_size_too_large'],
  [
    'chunkExtensions',
    7,
    chunked('5;abc\r\nhello\r\n0;a\r\n\r\n').replace(';abc', ';abcd'),
    'chunk_extensions_too_large',
  ],
  ['trailers', trailers.length, chunked(`0\r\n${trailers}`), 'trailers_too_large'],
  ['trailerFields', 2, chunked(`0\r\n${trailers}`), 'too_many_trailers'],
  ['informational', 2, `${head('HTTP/1.1 103 Early Hints').repeat(2)}${ok}`, 'too_many_informational', client],
]

describe('a limit is exact: its value passes, one less is refused', () => {
  for (const [limit, exact, text, reason, reading = server] of rows) {
    test(`${limit}, ${reading.role}: ${reason}`, () => {
      assert.equal(outcome(text, reading, { [limit]: exact }), 'accepted')
      assert.equal(outcome(text, reading, { [limit]: exact - 1 }), reason)
    })
  }
})

test('chunk extensions are counted for each body anew', () => {
  const body = chunked('1;abc\r\nx\r\n0\r\n\r\n')
  assert.equal(outcome(body + body + body, server, { chunkExtensions: 4 }), 'accepted')
})

test('trailers that are left out count', () => {
  assert.equal(
    outcome(chunked('0\r\nSet-Cookie: 1\r\nA: 2\r\n\r\n'), server, { trailerFields: 1 }),
    'too_many_trailers',
  )
})

test('the fault that comes first counts, also where a limit is near', () => {
  const limits = { startLine: 20, head: 60 }
  assert.equal(outcome(`GET /${'x'.repeat(10)}\0${'x'.repeat(99)}`, server, limits), 'control_character')
  assert.equal(outcome(`GET /${'x'.repeat(99)}\0`, server, limits), 'start_line_too_long')
  assert.equal(outcome(`GET / HTTP/1.1\r\nA: ${'x'.repeat(99)}\n`, server, limits), 'head_too_large')
  assert.equal(outcome(`GET / HTTP/1.1\r\nA: \n${'x'.repeat(99)}`, server, limits), 'bare_lf')
})

test('a head without end is refused at the limit and never held beyond it', () => {
  const flood = Buffer.from(`GET / HTTP/1.1\r\nHost: a\r\n${`A: ${'b'.repeat(2000)}\r\n`.repeat(90)}`)
  const { lines, mostBuffered } = transcribe(cut(flood, [1000, 2000, 50_000, 100_000]), server)
  assert.deepEqual(lines, ['refused head_too_large 431', 'closed'])
  assert.ok(mostBuffered <= defaultLimits.head + flood.length - 100_000)
})

/** Heads and trailers of two lines, where two are allowed. */
const tooMany: readonly [what: string, before: string, last: string, reason: string, reading: Reading][] = [
  ['of a request', 'GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\n', 'B: 2\r\n', 'too_many_fields', server],
  ['after an empty line', '\r\nGET / HTTP/1.1\r\nHost: a\r\nA: 1\r\n', 'B: 2\r\n', 'too_many_fields', server],
  ['after another request', `${get()}GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\n`, 'B: 2\r\n', 'too_many_fields', server],
  ['of a response', 'HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\n', 'C: 3\r\n', 'too_many_fields', client],
  ['of trailers', chunked('0\r\nT: 1\r\nU: 2\r\n'), 'V: 3\r\n', 'too_many_trailers', server],
]

describe('lines over the limit are refused when the first of them is there, whatever would follow', () => {
  const limits = completeLimits({ fields: 2, trailerFields: 2 })
  for (const [what, before, last, reason, reading] of tooMany) {
    const enough = Buffer.from(before + last)
    const limited = { ...reading, limits: what === 'of trailers' ? completeLimits({ trailerFields: 2 }) : limits }
    const refusal = (pieces: readonly Buffer[]) =>
      transcribe(pieces, limited).lines.filter((line) => line.startsWith('refused') && !line.includes('truncated'))

    test(`${what}: not a byte sooner, and not later`, () => {
      for (let at = 1; at < enough.length; at++) {
        assert.deepEqual(refusal(cut(enough.subarray(0, -1), [at])), [], `cut at ${at}`)
        assert.match(refusal(cut(enough, [at])).join(), new RegExp(`^refused ${reason} `), `cut at ${at}`)
      }
    })

    test(`${what}: the end of as many as are allowed is no line`, () => {
      const complete = Buffer.from(`${before}\r\n`)
      for (let at = 1; at < complete.length; at++) assert.deepEqual(refusal(cut(complete, [at])), [], `cut at ${at}`)
    })
  }
})

/** What is wrong before the line that is too many, and behind it; each has to end alike however it is cut. */
const firstFaults: readonly [text: string, reason: string][] = [
  ['GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: \0\r\n\r\n', 'control_character'],
  ['GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\n\r\n', 'bare_lf'],
  ['GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\nC: \0\r\n\r\n', 'too_many_fields'],
  ['GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\n folded\r\n\r\n', 'too_many_fields'],
  ['GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\n\nC: 1\r\n\r\n', 'too_many_fields'],
  ['GET / HTTP/1.1\r\nHost: a\r\nA : 1\r\nB: 2\r\nC: 1\r\n\r\n', 'space_before_colon'],
  ['GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nno field\r\nC: 1\r\n\r\n', 'field_line_malformed'],
  ['GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\nno field\r\n\r\n', 'too_many_fields'],
  ['GET / HTTP/9\r\nHost: a\r\nA: 1\r\nB: 2\r\nC: 1\r\n\r\n', 'version_malformed'],
  ['GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\nB: 2\r\nC: 1\r\n\r\n', 'host_repeated'],
  ['GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\nC: 1\r\n\r\n', 'too_many_fields'],
  [`GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\nC: 1\r\nD: ${'x'.repeat(99)}\r\n\r\n`, 'too_many_fields'],
  [`GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\nC: ${'x'.repeat(99)}\r\n\r\n`, 'head_too_large'],
  [`GET /${'x'.repeat(50)}\r\nA: 1\r\nB: 2\r\nC: 1\r\n\r\n`, 'start_line_too_long'],
]

test('where lines are too many, what comes first counts, however the bytes are cut', () => {
  const limits = completeLimits({ fields: 2, head: 80, startLine: 40 })
  for (const [text, reason] of firstFaults) {
    const bytes = Buffer.from(text, 'latin1')
    const whole = transcribe([bytes], { ...server, limits }).lines
    assert.match(whole.join(), new RegExp(`^refused ${reason} `), JSON.stringify(text))
    for (let first = 1; first < bytes.length; first++) {
      for (let second = first; second < bytes.length; second++) {
        const { lines } = transcribe(cut(bytes, [first, second]), { ...server, limits })
        assert.deepEqual(lines, whole, `${JSON.stringify(text)}, cut at ${first} and ${second}`)
      }
    }
  }
})

test('limits that make no sense are thrown back', () => {
  for (const partial of [
    { head: 0 },
    { head: -1 },
    { fields: 1.5 },
    { startLine: Number.NaN },
    { chunkSizeDigits: 14 },
  ]) {
    assert.throws(() => completeLimits(partial), RangeError)
  }
  assert.deepEqual(completeLimits(), defaultLimits)
  assert.equal(completeLimits({ chunkExtensions: 0 }).chunkExtensions, 0)
})
