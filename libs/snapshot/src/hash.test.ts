import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import type { SnapshotConfig } from '@vrata/model'
import fc from 'fast-check'
import { snapshotHash } from './hash.ts'
import type { SecretPointer } from './secrets/pointers.ts'

const empty: SnapshotConfig = { listeners: [], routes: [], groups: [], destinations: [], middlewares: [] }

function shuffled(value: unknown, order: () => number): unknown {
  if (Array.isArray(value)) return value.map((item) => shuffled(item, order))
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).map(([key, member]) => [key, shuffled(member, order)] as const)
  return Object.fromEntries(
    members
      .map((member) => [order(), member] as const)
      .sort(([a], [b]) => a - b)
      .map(([, member]) => member),
  )
}

describe('the hash', () => {
  test('is that of the canonical JSON text', () => {
    const config: SnapshotConfig = {
      ...empty,
      listeners: [
        { port: 80, id: 'b' },
        { id: 'a', port: 81 },
      ],
    }
    const text =
      '{"destinations":[],"groups":[],"listeners":[{"id":"a","port":81},{"id":"b","port":80}],"middlewares":[],"routes":[]}'
    assert.equal(snapshotHash(config, []), `sha256:${createHash('sha256').update(text).digest('hex')}`)
  })

  test('does not depend on the order of lists or members', () => {
    const entity = fc.record({ id: fc.uuid(), type: fc.constant('headers'), a: fc.jsonValue(), b: fc.jsonValue() })
    const entities = fc.uniqueArray(entity, { selector: ({ id }) => id, maxLength: 8 })
    fc.assert(
      fc.property(entities, fc.infiniteStream(fc.double({ noNaN: true })), (middlewares, random) => {
        const order = () => random.next().value
        const other = middlewares
          .map((middleware) => [order(), shuffled(middleware, order) as (typeof middlewares)[number]] as const)
          .sort(([a], [b]) => a - b)
          .map(([, middleware]) => middleware)
        assert.equal(snapshotHash({ ...empty, middlewares }, []), snapshotHash({ ...empty, middlewares: other }, []))
      }),
    )
  })

  test('changes with any content', () => {
    const one = snapshotHash({ ...empty, listeners: [{ id: 'a', port: 80 }] }, [])
    assert.notEqual(one, snapshotHash({ ...empty, listeners: [{ id: 'a', port: 81 }] }, []))
    assert.notEqual(one, snapshotHash({ ...empty, listeners: [{ id: 'a', port: 80, name: '' }] }, []))
    assert.notEqual(one, snapshotHash(empty, []))
  })

  test('sees the fingerprint of a secret and not its value', () => {
    const config = (value: string): SnapshotConfig => ({
      ...empty,
      middlewares: [{ id: 'm', type: 't', 'a/b': [value], other: value }],
    })
    const pointers = (fingerprint: string): SecretPointer[] => [
      { kind: 'middleware', id: 'm', pointer: '/a~1b/0', fingerprint },
      { kind: 'middleware', id: 'm', pointer: '/other', fingerprint },
    ]
    assert.equal(snapshotHash(config('one'), pointers('f1')), snapshotHash(config('two'), pointers('f1')))
    assert.notEqual(snapshotHash(config('one'), pointers('f1')), snapshotHash(config('one'), pointers('f2')))
  })
})
