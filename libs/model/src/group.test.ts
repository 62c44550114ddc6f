import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkEntity } from './check-entity.ts'
import { Group } from './group.ts'
import { accepts, refuses } from './testing/check-rows.ts'

const full = {
  id: 'g-1',
  name: 'g',
  labels: { a: 'b' },
  description: 'x',
  listenerIds: ['l-1'],
  priority: 10,
  routeIds: ['r-1', 'r-2'],
  pathPrefix: '/g',
  hostnames: ['a.example'],
  headers: [{ name: 'x-tenant', value: 'a' }],
  middlewareIds: ['m-1'],
  middlewareOverrides: { 'm-1': { onlyWhen: ['true'] } },
  retryDefault: { attempts: 1, on: ['gateway-error'] },
  includeAttemptCount: true,
}

describe('Group', () => {
  test('a group with every field has no problems', () => {
    assert.deepEqual(checkEntity(Group, full, { kind: 'group' }).problems, [])
  })

  test('a group may be empty', () => {
    assert.deepEqual(checkEntity(Group, { id: 'g-1' }, { kind: 'group' }).value, {
      id: 'g-1',
      name: '',
      routeIds: [],
      middlewareIds: [],
      middlewareOverrides: {},
      includeAttemptCount: false,
    })
  })

  accepts(Group, { id: 'g-1' }, [
    ['/pathRegex', '/(en|es)'],
    ['/pathPrefix', 'img-'],
  ])

  refuses(Group, full, [
    ['/routeIds', ['r 1'], 'format.invalid', { at: '/routeIds/0' }],
    ['/routeIds', 'r-1', 'type.invalid'],
    ['/pathRegex', '/x', 'exclusive.fields'],
    ['/pathPrefix', '/a?b', 'path.invalid'],
    ['/hostnames', ['*a.example'], 'hostname.invalid', { at: '/hostnames/0' }],
    ['/headers', [{ name: 'host' }], 'header.forbidden', { at: '/headers/0/name' }],
    ['/middlewareIds', [''], 'format.invalid', { at: '/middlewareIds/0' }],
    ['/middlewareOverrides/m-1/skipWhen', ['true'], 'exclusive.fields', { at: '/middlewareOverrides/m-1/onlyWhen' }],
    ['/retryDefault/attempts', -1, 'range.invalid'],
    ['/includeAttemptCount', 1, 'type.invalid'],
    ['/listenerIds', [1], 'type.invalid', { at: '/listenerIds/0' }],
    ['/priority', -1_000_001, 'range.invalid'],
    ['/routes', [], 'field.unknown'],
  ])

  refuses(Group, { id: 'g-1' }, [['/pathRegex', '[', 'regex.invalid']])
})
