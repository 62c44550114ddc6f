import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'

/** Runs a module in a process that may ask the engine about its objects. */
function run(source: string): string {
  const flags = ['--allow-natives-syntax', '--input-type=module', '--eval', source]
  return execFileSync(process.execPath, flags, { encoding: 'utf8', cwd: import.meta.dirname }).trim()
}

const isFast = "process.stdout.write(String(%HasFastProperties(String.prototype)) + ' ')"
const at = (file: string) => JSON.stringify(new URL(file, import.meta.url).href)

test('a library that extends String makes the engine look its methods up slowly, which is undone', () => {
  const source = `import { keepStringsFast } from ${at('fast-strings.ts')}
    class Special extends String {}
    ${isFast}
    keepStringsFast()
    ${isFast}`
  assert.deepEqual(run(source).split(' '), ['false', 'true'])
})

test('the programs that serve leave the methods of strings quick to find', () => {
  for (const program of ['proxy.ts', 'workers/worker.ts']) {
    assert.equal(run(`await import(${at(program)}); ${isFast}`), 'true', program)
  }
})
