import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Problem } from '@vrata/model'
import { mergeProblems } from './merge-problems.ts'

const inUse = (id: string): Problem => ({
  entity: { kind: 'listener', id },
  pointer: '/port',
  message: 'port 80 is in use (EADDRINUSE)',
  severity: 'error',
})

test('a problem that all workers have is one problem, and the order does not depend on them', () => {
  const merged = mergeProblems([[inUse('b'), inUse('a')], [inUse('a'), inUse('b')], []])
  assert.deepEqual(merged, [inUse('a'), inUse('b')])
})

test('problems that differ in anything are different ones', () => {
  const other = { ...inUse('a'), message: 'port 80 could not be bound: EACCES' }
  assert.deepEqual(mergeProblems([[inUse('a')], [other]]), [inUse('a'), other])
})
