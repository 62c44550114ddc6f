import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EntityRef } from './entity-kinds.ts'
import { hasErrors, type Problem, type Severity, sortProblems } from './problem.ts'

function problem(
  kind: EntityRef['kind'],
  id: string | undefined,
  pointer: string,
  severity: Severity = 'error',
): Problem {
  return { entity: id === undefined ? { kind } : { kind, id }, pointer, message: 'm', severity }
}

test('problems are ordered by kind, then id, then pointer, and keep their order in one place', () => {
  const sorted = [
    problem('listener', 'b', '/port'),
    problem('route', undefined, ''),
    problem('route', 'B', '/x'),
    problem('route', 'a', ''),
    problem('route', 'a', '/forward'),
    { ...problem('route', 'a', '/match'), message: 'first' },
    { ...problem('route', 'a', '/match'), message: 'second' },
    problem('middleware', 'a', ''),
    problem('test', 'a', ''),
    problem('config', undefined, ''),
  ]
  const [first, second] = [5, 6].map((index) => sorted[index])
  const shuffled = [...sorted].reverse()
  assert.ok(first && second)
  const at = shuffled.indexOf(second)
  shuffled.splice(at, 2, first, second)
  assert.deepEqual(sortProblems(shuffled), sorted)
  assert.deepEqual(shuffled[0], sorted.at(-1), 'the input keeps its order')
})

test('only errors refuse', () => {
  assert.equal(hasErrors([problem('route', 'a', '', 'warning'), problem('route', 'a', '', 'info')]), false)
  assert.equal(hasErrors([problem('route', 'a', '', 'warning'), problem('route', 'a', '')]), true)
})
