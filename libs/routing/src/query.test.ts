import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseQuery } from './query.ts'

const cases: readonly [string, string, [string, string][]][] = [
  ['reads a plus as a blank and keeps the first value', 'q=a+b&q=z', [['q', 'a b']]],
  [
    'gives a name without a value the empty one',
    'debug&x=',
    [
      ['debug', ''],
      ['x', ''],
    ],
  ],
  ['decodes names and values as UTF-8', 'caf%C3%A9=%2B%26', [['café', '+&']]],
  [
    'keeps the case of names',
    'A=1&a=2',
    [
      ['A', '1'],
      ['a', '2'],
    ],
  ],
  ['keeps what follows the first equals sign', 'a=b=c', [['a', 'b=c']]],
  ['drops pairs with a broken escape', 'a=%zz&%=1&b=2', [['b', '2']]],
  ['drops pairs with a semicolon', 'a=1;b=2&c=3', [['c', '3']]],
  ['skips empty pairs', '&&a=1&', [['a', '1']]],
  ['finds nothing in nothing', '', []],
]

for (const [name, query, expected] of cases) {
  test(`reading a query ${name}`, () => assert.deepEqual([...parseQuery(query)], expected))
}
