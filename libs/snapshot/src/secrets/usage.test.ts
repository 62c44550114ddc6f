import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SnapshotConfig } from '@vrata/model'
import { secretUses } from './usage.ts'

const config: SnapshotConfig = {
  listeners: [],
  destinations: [],
  routes: [
    { id: 'r', name: 'home', directResponse: { status: 200, body: '{{secret:value:s-1}} and {{secret:value:tok}}' } },
    { id: 'escaped', directResponse: { status: 200, body: '{{{{secret:value:s-1}}' } },
  ],
  groups: [],
  middlewares: [
    { id: 'm', type: 'headers', a: ['{{secret:value:tok}}', '{{secret:env:s-1}}'], b: '{{secret:value:twin}}' },
  ],
}
const secrets = [
  { id: 's-1', name: 'tok' },
  { id: 's-2', name: 'twin' },
  { id: 's-3', name: 'twin' },
  { id: 's-4', name: 's-1' },
]

test('the places that get a secret are found by its id and by its name, each once', () => {
  assert.deepEqual(secretUses(config, secrets, 's-1'), [
    { kind: 'route', id: 'r', name: 'home', pointer: '/directResponse/body' },
    { kind: 'middleware', id: 'm', name: '', pointer: '/a/0' },
  ])
})

test('a name that two secrets share, or that is the id of another one, leads to none', () => {
  for (const id of ['s-2', 's-3', 's-4']) assert.deepEqual(secretUses(config, secrets, id), [])
})
