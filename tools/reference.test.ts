import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { referencePages } from './reference.ts'
import { root } from './workspace.ts'

for (const { file, text } of referencePages()) {
  test(`docs/reference/${file} says what the schemas say`, () => {
    const written = readFileSync(join(root, 'docs', 'reference', file), 'utf8')
    assert.equal(written, text, 'run "npm run docs"')
  })

  test(`docs/reference/${file} describes every field`, () => {
    const silent = text.split('\n').filter((line) => line.startsWith('| `') && line.endsWith('|  |'))
    assert.deepEqual(silent, [])
  })
}
