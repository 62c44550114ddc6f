import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SnapshotConfig } from '@vrata/model'
import { redact } from './redact.ts'

test('every string that came from a secret shows the beginning of its fingerprint, the rest stays', () => {
  const snapshot: SnapshotConfig = {
    listeners: [{ id: 'l', port: 80, tls: { cert: 'public', key: 'hush' } }],
    routes: [],
    groups: [],
    destinations: [],
    middlewares: [
      { id: 'l', type: 'headers', headers: { 'a/b': ['x', 'Bearer hush'] } },
      { id: 'other', type: 'headers', headers: { a: 'hush' } },
    ],
  }
  const document = { id: 's', name: 'v1', snapshot }
  const before = structuredClone(document)
  const redacted = redact(document, [
    { kind: 'listener', id: 'l', pointer: '/tls/key', fingerprint: '0123456789abcdef' },
    { kind: 'middleware', id: 'l', pointer: '/headers/a~1b/1', fingerprint: 'fedcba9876543210' },
    { kind: 'middleware', id: 'gone', pointer: '/x', fingerprint: 'fedcba9876543210' },
  ])
  assert.deepEqual(redacted, {
    id: 's',
    name: 'v1',
    snapshot: {
      ...snapshot,
      listeners: [{ id: 'l', port: 80, tls: { cert: 'public', key: '<secret 0123456789ab>' } }],
      middlewares: [
        { id: 'l', type: 'headers', headers: { 'a/b': ['x', '<secret fedcba987654>'] } },
        { id: 'other', type: 'headers', headers: { a: 'hush' } },
      ],
    },
  })
  assert.deepEqual(document, before)
})
