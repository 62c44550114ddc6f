import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { judge } from './check.ts'
import { countsLine, forgetCounts, readCounts } from './counts.ts'
import { runStep } from './steps.ts'
import { temporaryTree } from './temporary.ts'
import { root } from './workspace.ts'

const one = (passed: number, failed: number, skipped = 0): string => JSON.stringify({ passed, failed, skipped })

const verdicts: readonly {
  what: string
  files: Readonly<Record<string, string>>
  folders: readonly string[]
  ok: boolean
  line: string
  faults: readonly string[]
}[] = [
  {
    what: 'the counts of all folders are summed',
    files: { 'a/.test-counts.json': one(3, 0), 'b/.test-counts.json': one(4, 0, 2) },
    folders: ['a', 'b'],
    ok: true,
    line: '7 passed, 0 failed, 2 skipped',
    faults: [],
  },
  {
    what: 'failing tests are not counted twice',
    files: { 'a/.test-counts.json': one(3, 2) },
    folders: ['a'],
    ok: false,
    line: '3 passed, 2 failed',
    faults: [],
  },
  {
    what: 'a folder without counts is a failure even if the command succeeded',
    files: { 'a/.test-counts.json': one(3, 0) },
    folders: ['a', 'b'],
    ok: true,
    line: '3 passed, 1 failed',
    faults: ['b: the tests did not run to their end'],
  },
  {
    what: 'a folder where nothing ran is a failure',
    files: { 'a/.test-counts.json': one(0, 0) },
    folders: ['a'],
    ok: true,
    line: '0 passed, 1 failed',
    faults: ['a: no test was executed'],
  },
  {
    what: 'a folder where all tests were skipped is a failure',
    files: { 'a/.test-counts.json': one(0, 0, 4) },
    folders: ['a'],
    ok: true,
    line: '0 passed, 1 failed, 4 skipped',
    faults: ['a: no test was executed'],
  },
  {
    what: 'a command that fails although its tests passed is a failure',
    files: { 'a/.test-counts.json': one(3, 0) },
    folders: ['a'],
    ok: false,
    line: '3 passed, 1 failed',
    faults: ['x failed'],
  },
  {
    what: 'a command without tests counts only when it fails',
    files: {},
    folders: [],
    ok: false,
    line: '0 passed, 1 failed',
    faults: ['x failed'],
  },
  {
    what: 'counts that cannot be read are no counts',
    files: { 'a/.test-counts.json': '{"passed":' },
    folders: ['a'],
    ok: true,
    line: '0 passed, 1 failed',
    faults: ['a: the tests did not run to their end'],
  },
]

for (const { what, files, folders, ok, line, faults } of verdicts) {
  test(`check: ${what}`, (t) => {
    const verdict = judge({ name: 'x', testedFolders: folders }, ok, temporaryTree(t, files))
    assert.equal(countsLine(verdict.counts), line)
    assert.deepEqual(verdict.faults, faults)
  })
}

test('counts of an earlier run are forgotten', (t) => {
  const folder = temporaryTree(t, { '.test-counts.json': one(9, 0) })
  forgetCounts(folder)
  assert.equal(readCounts(folder), undefined)
})

/** Runs the real test runner with our reporter over files written for the case. */
function runTests(t: TestContext, files: Readonly<Record<string, string>>) {
  const folder = temporaryTree(t, files)
  const reporter = `--test-reporter=${join(root, 'tools/count-reporter.ts')}`
  const result = spawnSync(
    process.execPath,
    ['--test', reporter, '--test-reporter-destination=stderr', '*.test.mjs'],
    // a runner inside a runner reports to the outer one unless this variable is gone
    { cwd: folder, encoding: 'utf8', env: { ...process.env, NODE_TEST_CONTEXT: undefined } },
  )
  return { status: result.status, stderr: result.stderr, counts: readCounts(folder) }
}

const head = "import { test } from 'node:test'\n"

test('the reporter counts passed, failed, skipped, todo and cancelled tests', (t) => {
  const { status, counts } = runTests(t, {
    'a.test.mjs': `${head}test('a', () => {})\ntest('b', { skip: 'why' }, () => {})\ntest('c', { todo: true }, () => {})\n`,
    'b.test.mjs': `${head}test('d', () => { throw new Error('no') })\ntest('e', { timeout: 100 }, () => new Promise(() => setTimeout(() => {}, 1500)))\n`,
  })
  assert.notEqual(status, 0)
  assert.ok(counts)
  assert.deepEqual([counts.passed, counts.skipped], [1, 2])
  assert.ok(counts.failed >= 2, `${counts.failed} failed`)
})

test('the reporter counts a test file without a test as failed and names it', (t) => {
  const { counts, stderr } = runTests(t, {
    'a.test.mjs': `${head}test('a', () => {})\n`,
    'hollow.test.mjs': 'export {}\n',
  })
  assert.deepEqual(counts, { passed: 1, failed: 1, skipped: 0 })
  assert.match(stderr, /hollow\.test\.mjs: no test in this file/)
})

test('the reporter counts zero when no file matches', (t) => {
  assert.deepEqual(runTests(t, {}).counts, { passed: 0, failed: 0, skipped: 0 })
})

test('a step that hangs is killed with all its children and has failed', async (t) => {
  const folder = temporaryTree(t, {})
  const { ok, output, seconds } = await runStep(['bash', '-c', 'echo begun; sleep 600 & wait'], 3, folder)
  assert.equal(ok, false)
  assert.match(output, /^begun\n/)
  assert.match(output, /still running after 3 s, killed/)
  // the child holds the output pipe open: had it lived on, the step would have taken its 600 s
  assert.ok(seconds < 300, `${seconds} s`)
})

test('a step whose program does not exist has failed and says so', async (t) => {
  const { ok, output } = await runStep(['no-such-program-here'], 5, temporaryTree(t, {}))
  assert.equal(ok, false)
  assert.match(output, /no-such-program-here: .*ENOENT/)
})
