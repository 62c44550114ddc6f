import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Case } from '../fuzz/cases.ts'
import { corpus } from '../fuzz/corpus.ts'
import { badRequests, goodRequests, smugglingRequests } from '../fuzz/request-cases.ts'
import { badResponses, goodResponses } from '../fuzz/response-cases.ts'
import { transcribe } from '../fuzz/transcript.ts'
import { reasons } from './reasons.ts'

/** The reason of the first refusal, or `accepted`. */
function outcome({ bytes, reading }: Case): string {
  const refusal = transcribe([bytes], reading).lines.find((line) => line.startsWith('refused '))
  return refusal === undefined ? 'accepted' : (refusal.split(' ')[1] ?? '')
}

const tables = { goodRequests, badRequests, smugglingRequests, goodResponses, badResponses }

for (const [title, cases] of Object.entries(tables)) {
  describe(title, () => {
    for (const each of cases) {
      test(`${each.name}: ${each.expect}`, () => assert.equal(outcome(each), each.expect))
    }
  })
}

test('what real programs send is accepted', () => {
  for (const { name, bytes, reading } of corpus()) {
    if (name.includes('-found-')) continue
    const { lines } = transcribe([bytes], reading)
    assert.deepEqual(
      lines.filter((line) => line.startsWith('refused')),
      [],
      name,
    )
  }
})

test('no request is read behind one that was refused', () => {
  const next = Buffer.from('GET /next HTTP/1.1\r\nHost: a.example\r\n\r\n')
  for (const { name, bytes, reading, expect } of [...badRequests, ...smugglingRequests]) {
    if (expect === 'accepted' || expect.startsWith('truncated')) continue
    const { lines } = transcribe([bytes, next], reading)
    assert.equal(lines.at(-1), 'closed', name)
    assert.ok(lines.at(-2)?.startsWith(`refused ${expect}`), name)
    assert.ok(!lines.some((line) => line.includes('"/next"')), name)
  }
})

test('a refused response leaves a connection that is not used again', () => {
  for (const { name, bytes, reading, expect } of badResponses) {
    if (expect === 'accepted') continue
    const { epilogue, lines } = transcribe([bytes], reading)
    if (!expect.startsWith('truncated') && !expect.startsWith('closed'))
      assert.equal(epilogue, '{"reusable":false}', name)
    assert.ok(lines.includes(`refused ${expect} 502`), name)
  }
})

test('every reason that a peer can cause has a vector', () => {
  const caused = new Set<string>(Object.values(tables).flatMap((cases) => cases.map(({ expect }) => expect)))
  // The limits have their own tests.
  const elsewhere = /_too_large$|_too_long$|^too_many_|^buffer_overflow$/
  const missing = Object.entries(reasons).filter(
    ([reason, { scope }]) => scope !== 'write' && !caused.has(reason) && !elsewhere.test(reason),
  )
  assert.deepEqual(missing, [])
})
