import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Listener } from '@vrata/model'
import { checkSockets } from './sockets.ts'

const listeners = (...sockets: readonly (readonly [string, number])[]) =>
  sockets.map(([address, port], index) => Listener.parse({ id: `l-${index}`, address, port }))

describe('two listeners on', () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['10.0.0.1', '10.0.0.1', true],
    ['10.0.0.1', '10.0.0.2', false],
    ['0.0.0.0', '0.0.0.0', true],
    ['0.0.0.0', '10.0.0.1', true],
    ['10.0.0.1', '0.0.0.0', true],
    ['0.0.0.0', '::1', false],
    ['::', '::1', true],
    ['::', '10.0.0.1', true],
    ['::', '0.0.0.0', true],
    ['::1', '0:0:0:0:0:0:0:1', true],
    ['[::1]', '::1', true],
    ['::ffff:10.0.0.1', '10.0.0.1', true],
    ['::ffff:10.0.0.1', '10.0.0.2', false],
    ['::ffff:0.0.0.0', '10.0.0.2', true],
    ['fe80::1', 'fe80::2', false],
  ]
  for (const [one, other, conflict] of cases) {
    test(`${one} and ${other} ${conflict ? 'conflict' : 'go together'} on one port, and never on two`, () => {
      assert.equal(checkSockets(listeners([one, 80], [other, 80])).length, conflict ? 1 : 0)
      assert.deepEqual(checkSockets(listeners([one, 80], [other, 81])), [])
    })
  }
})

test('the problem stands at the greater id, whatever the order, and names both sockets', () => {
  const conflict = {
    entity: { kind: 'listener', id: 'l-1' },
    pointer: '/address',
    message: '[::1]:80 cannot be bound beside [::]:80 of listener "l-0"',
    severity: 'error',
    code: 'listener.conflict',
  }
  const both = listeners(['::', 80], ['::1', 80])
  assert.deepEqual(checkSockets(both), [conflict])
  assert.deepEqual(checkSockets(both.toReversed()), [conflict])
})

test('of three on one socket two are reported', () => {
  const problems = checkSockets(listeners(['0.0.0.0', 80], ['0.0.0.0', 80], ['0.0.0.0', 80]))
  assert.deepEqual(
    problems.map((problem) => [problem.entity.id, problem.pointer]),
    [
      ['l-1', '/port'],
      ['l-2', '/port'],
    ],
  )
})
