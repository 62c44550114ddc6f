import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DocumentMemory } from './document-memory.ts'
import { type VerifiedDocument, verifyDocument, verifyDocumentInSlices } from './verify-document.ts'

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

/** Reads documents one after the other, and tells how often it gave way. */
function receiver() {
  const memory = new DocumentMemory()
  return async (sent: object): Promise<{ verified: VerifiedDocument; pauses: number }> => {
    let pauses = 0
    const pause = async () => void pauses++
    return { verified: await verifyDocumentInSlices(JSON.stringify(sent), memory, { pause, budgetMs: 0 }), pauses }
  }
}

function contentOf({ verified }: { readonly verified: VerifiedDocument }) {
  assert.ok(verified.ok)
  return verified.document.snapshot
}

describe('a snapshot document that is read in slices', () => {
  test('is what it is when it is read at once, and gives way after every value', async () => {
    const { verified, pauses } = await receiver()(document)
    assert.deepEqual(verified, verifyDocument(text))
    assert.ok(pauses >= 7)
  })

  test('shares with the one before what has not changed in it, and with no earlier one', async () => {
    const receive = receiver()
    const [route] = document.snapshot.routes
    const steady = { ...route, id: 'steady' }
    const other = { ...document, snapshot: { ...document.snapshot, routes: [steady, { ...route, id: 'new' }] } }
    const first = contentOf(await receive({ ...document, snapshot: { ...document.snapshot, routes: [route, steady] } }))
    const second = contentOf(await receive(other))
    const third = contentOf(await receive(document))
    assert.equal(second.routes[0], first.routes[1])
    assert.deepEqual(second, other.snapshot)
    assert.deepEqual(third.routes, first.routes.slice(0, 1))
    assert.notEqual(third.routes[0], first.routes[0])
  })

  test('leaves what is remembered as it was when it is damaged', async () => {
    const memory = new DocumentMemory()
    const slicing = { pause: async () => undefined }
    const good = await verifyDocumentInSlices(text, memory, slicing)
    assert.ok(!(await verifyDocumentInSlices(text.slice(0, -5), memory, slicing)).ok)
    const again = await verifyDocumentInSlices(text, memory, slicing)
    assert.ok(good.ok && again.ok)
    assert.equal(again.document.snapshot.routes[0], good.document.snapshot.routes[0])
  })
})
