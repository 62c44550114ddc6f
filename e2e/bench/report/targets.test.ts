import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judge } from './targets.ts'

test('a target is reached by the median, at its bound too when it is a lower one', () => {
  const asked = [
    { figure: 'a', bound: { atLeast: 0.55 } },
    { figure: 'b', bound: { atLeast: 0.55 } },
    { figure: 'c', bound: { below: 1 } },
    { figure: 'd', bound: { below: 1 } },
    { figure: 'e', bound: { below: 1 } },
  ]
  const figures = [
    { name: 'a', median: 0.55, low: 0.1, high: 0.6 },
    { name: 'b', median: 0.549, low: 0.5, high: 9 },
    { name: 'c', median: 0.99, low: 0.1, high: 5 },
    { name: 'd', median: 1, low: 0, high: 1 },
  ]
  assert.deepEqual(judge(asked, figures).rows, [
    ['a', 'at least 0.55', '0.55', '0.10 to 0.60', 'reached'],
    ['b', 'at least 0.55', '0.55', '0.50 to 9.00', 'missed'],
    ['c', 'below 1', '0.99', '0.10 to 5.00', 'reached'],
    ['d', 'below 1', '1.00', '0.00 to 1.00', 'missed'],
    ['e', 'below 1', '', '', 'not measured'],
  ])
})
