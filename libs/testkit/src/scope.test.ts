import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { manualScope } from './manual-scope.ts'
import { own, ProgramScope } from './scope.ts'
import { temporaryFolder } from './temporary-folder.ts'

test('a scope releases what was opened last first', async () => {
  const scope = manualScope()
  const order: number[] = []
  for (const n of [1, 2, 3]) own(scope, () => order.push(n))
  await scope.end()
  assert.deepEqual(order, [3, 2, 1])
})

test('a release that fails does not keep the others from being released, and is told', async () => {
  const scope = manualScope()
  const order: string[] = []
  own(scope, () => order.push('first'))
  own(scope, () => Promise.reject(new Error('stuck')))
  await assert.rejects(scope.end(), /stuck/)
  assert.deepEqual(order, ['first'])
})

test('two failing releases are both told', async () => {
  const scope = manualScope()
  own(scope, () => Promise.reject(new Error('one')))
  own(scope, () => Promise.reject(new Error('two')))
  await assert.rejects(scope.end(), (error) => error instanceof AggregateError && error.errors.length === 2)
})

test('a program scope releases at the end of its block', async () => {
  const order: string[] = []
  {
    await using scope = new ProgramScope()
    own(scope, () => order.push('a'))
    own(scope, () => order.push('b'))
    order.push('in')
  }
  assert.deepEqual(order, ['in', 'b', 'a'])
})

test('a temporary folder is gone with its files when the scope ends', async () => {
  const scope = manualScope()
  const folder = await temporaryFolder(scope)
  writeFileSync(join(folder, 'x'), 'x')
  await scope.end()
  assert.equal(existsSync(folder), false)
})
