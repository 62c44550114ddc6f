import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Program, repositoryRoot } from '@vrata/testkit'

test('npm run demo takes its tour without a step that goes wrong', async (t) => {
  const program = new Program(t, { name: 'demo', command: ['npm', 'run', 'demo'], cwd: repositoryRoot })
  program.start()
  const code = await program.ended(300_000)
  const lines = program.logs.map(({ msg }) => msg)
  assert.equal(code, 0, program.tail(200))
  assert.ok(lines.filter((line) => line.includes('✓')).length >= 10)
  assert.equal(lines.filter((line) => line.includes('✗')).length, 0)
  assert.ok(lines.includes('Everything was as it should be.'))
})
