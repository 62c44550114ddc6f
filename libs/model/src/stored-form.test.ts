import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { EntityKind } from './entity-kinds.ts'
import { storedForm } from './stored-form.ts'

describe('storedForm', () => {
  const rows: readonly (readonly [EntityKind, object, object])[] = [
    ['listener', { name: 'web', port: 80 }, { id: 'i', name: 'web', address: '0.0.0.0', port: 80 }],
    ['listener', { port: 80, address: '::1' }, { id: 'i', name: '', address: '::1', port: 80 }],
    ['destination', { name: 'a', host: 'h', port: 80 }, { id: 'i', name: 'a', host: 'h', port: 80 }],
    ['route', { name: 'x', redirect: {} }, { id: 'i', name: 'x', match: {}, redirect: {} }],
    ['group', { name: 'g', pathPrefix: '/g' }, { id: 'i', name: 'g', routeIds: [], pathPrefix: '/g' }],
    ['group', { id: 'other', routeIds: ['r'] }, { id: 'i', name: '', routeIds: ['r'] }],
    ['middleware', { type: 'cors' }, { id: 'i', name: '', type: 'cors' }],
  ]
  for (const [kind, sent, stored] of rows)
    test(`of a ${kind} ${JSON.stringify(sent)} is ${JSON.stringify(stored)}`, () => {
      assert.deepEqual(storedForm(kind, 'i', { ...sent }), stored)
    })

  test('two groups do not share the list that was filled in', () => {
    const [one, other] = [storedForm('group', 'a', {}), storedForm('group', 'b', {})]
    assert.notEqual(one['routeIds'], other['routeIds'])
  })

  test('id and name come first, as people read them', () => {
    assert.deepEqual(Object.keys(storedForm('destination', 'i', { host: 'h', name: 'n', id: 'i' })), [
      'id',
      'name',
      'host',
    ])
  })
})
