import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Program, temporaryFolder } from '@vrata/testkit'
import { findProgram } from './machine/programs.ts'

const script = fileURLToPath(new URL('run.ts', import.meta.url))
const missing = ['nginx', 'wrk', 'taskset'].filter((name) => findProgram(name) === undefined)
const needs = { skip: missing.length > 0 ? `not installed: ${missing.join(', ')}` : false }

/** The shortest comparison there is, with its temporary files in `folder`. */
function bench(t: TestContext, folder: string, args: readonly string[]): Program {
  const command = [process.execPath, script, '--no-build', '--rounds', '1', '--seconds', '1', ...args]
  const program = new Program(t, { name: 'bench', command, env: { TMPDIR: folder } })
  program.start()
  return program
}

interface Row {
  readonly system: string
  readonly pids: readonly number[]
  readonly samples: readonly { readonly rate: number; readonly errors: number }[]
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false // it has ended
  }
}

test('every system is measured without an error, and none of them is left afterwards', needs, async (t) => {
  const folder = await temporaryFolder(t)
  const temporary = await temporaryFolder(t)
  const json = join(folder, 'results.json')
  const program = bench(t, temporary, ['--cells', 'bare', '--only', 'vrata,http-proxy-3', '--json', json])
  assert.equal(await program.ended(300_000), 0, program.tail())

  const { cells } = JSON.parse(await readFile(json, 'utf8')) as { cells: { raw: Row[]; figures: { name: string }[] }[] }
  const rows = cells[0]?.raw ?? []
  assert.deepEqual(
    rows.map(({ system }) => system),
    ['no proxy', 'vrata', 'http-proxy-3'],
  )
  for (const { system, samples, pids } of rows) {
    assert.equal(samples.length, 1, system)
    assert.ok((samples[0]?.rate ?? 0) > 0, system)
    assert.equal(samples[0]?.errors, 0, system)
    assert.deepEqual(pids.filter(isAlive), [], system)
  }
  assert.deepEqual(
    cells[0]?.figures.map(({ name }) => name),
    ['bare: vrata / http-proxy-3'],
  )
  assert.deepEqual(await readdir(temporary), [])
})

test('an interrupted comparison ends at once and leaves nothing behind', needs, async (t) => {
  const temporary = await temporaryFolder(t)
  const program = bench(t, temporary, ['--cells', 'bare', '--only', 'http-proxy-3', '--rounds', '1000'])
  await program.waitForLog('the load', ({ msg }) => msg.endsWith('no proxy is ready'))
  program.signal('SIGINT')
  assert.equal(await program.ended(300_000), 130, program.tail())
  assert.deepEqual(program.stderr, ['interrupted'])
  assert.deepEqual(await readdir(temporary), [])
})

test('a misspelt cell is refused with the names there are', async (t) => {
  const program = bench(t, await temporaryFolder(t), ['--cells', 'bear'])
  assert.equal(await program.ended(), 1)
  assert.match(program.stderr.join('\n'), /--cells bear: known are bare, many, /)
})
