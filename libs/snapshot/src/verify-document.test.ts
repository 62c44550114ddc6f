import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { verifyDocument } from './verify-document.ts'

const document = {
  id: 's-1',
  name: 'v1',
  createdAt: '2026-01-05T10:00:00.000Z',
  hash: 'sha256:aa',
  seq: 3,
  snapshot: {
    listeners: [],
    routes: [{ id: 'r', match: { grpc: true }, directResponse: { status: 200, body: 'hush-hush' } }],
    groups: [],
    destinations: [],
    middlewares: [],
  },
}
const text = JSON.stringify(document)

describe('a snapshot document', () => {
  test('that is whole is given back', () => assert.deepEqual(verifyDocument(text), { ok: true, document }))

  test('that is cut off anywhere is refused with a sentence that says so and quotes nothing', () => {
    for (let length = 1; length < text.length; length++) {
      const verified = verifyDocument(text.slice(0, length))
      assert.ok(!verified.ok)
      assert.equal(verified.message, `the snapshot document is cut off after ${length} characters`)
    }
  })

  const broken: readonly (readonly [string, string, RegExp])[] = [
    ['that is empty', ' \n', /^the snapshot document is empty$/],
    ['that is damaged', text.replace('"hush-hush"', 'hush-hush'), /^the snapshot document is not JSON$/],
    [
      'with a raw line break in a string',
      text.replace('hush-', 'hush\n'),
      /^the snapshot document is not JSON at character \d+$/,
    ],
    ['that is another document', '{"event":"none"}', /^the text is not a snapshot document: \/id /],
    ['that is no object', '[]', /^the text is not a snapshot document: it /],
    [
      'that lacks a list',
      text.replace('"groups":[],', ''),
      /^the text is not a snapshot document: \/snapshot\/groups /,
    ],
    [
      'with an entity without id',
      text.replace('"id":"r",', ''),
      /\/snapshot\/routes\/0 expected an object with an id$/,
    ],
  ]
  for (const [name, source, message] of broken) {
    test(`${name} is refused`, () => {
      const verified = verifyDocument(source)
      assert.match(verified.ok ? 'accepted' : verified.message, message)
      assert.ok(verified.ok || !verified.message.includes('hush'))
    })
  }
})
