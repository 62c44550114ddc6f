import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { describe, type TestContext, test } from 'node:test'

const index = new URL('./index.ts', import.meta.url).href

/** A program that is nothing but the first steps, one line on standard output, and a wait for the stop signal. */
const waiting = `
import { prepare, ProxyConfig, runProgram, stopSignal } from ${JSON.stringify(index)}
await runProgram(async () => {
  const prepared = prepare({ name: 'vrata-test', description: 'A test.', version: '1.2.3' }, ProxyConfig, process.argv.slice(1))
  if (!prepared) return
  const stop = stopSignal()
  stop.addEventListener('abort', () => { console.log('stopping'); if (!prepared.config.proxy.id) process.exitCode = 9 })
  prepared.logger.info('listening')
  await new Promise((resolve) => {
    const timer = setInterval(() => undefined, 1000)
    if (prepared.config.proxy.id !== 'stubborn') stop.addEventListener('abort', () => { clearInterval(timer); resolve() })
  })
})
`

function failing(statement: string): string {
  return `import { runProgram, UsageError } from ${JSON.stringify(index)}\nawait runProgram(async () => { ${statement} })`
}

function start(t: TestContext, source: string, args: readonly string[] = []) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', source, '--', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.after(() => child.kill('SIGKILL'))
  return child
}

async function outcome(t: TestContext, source: string, args: readonly string[] = []) {
  const child = start(t, source, args)
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: child.exitCode, out, err }
}

function configFile(t: TestContext, yaml: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'vrata-program-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'c.yaml')
  writeFileSync(path, yaml)
  return path
}

describe('exit codes', () => {
  const cases: readonly (readonly [string, string, number, RegExp])[] = [
    ['0 when all went well', failing(''), 0, /^$/],
    ['1 and one line for an error', failing(`throw new Error('first\\n second')`), 1, /^vrata: first second\n$/],
    ['1 for what is not even an error', failing(`throw 'text'`), 1, /^vrata: text\n$/],
    ['2 for a wrong command line', failing(`throw new UsageError('no such flag')`), 2, /^vrata: no such flag\n$/],
    ['1 and a stack for our own mistakes', failing('null.x'), 1, /^vrata: Cannot read .*\nTypeError: /],
  ]
  for (const [name, source, code, err] of cases) {
    test(name, async (t) => {
      const ended = await outcome(t, source)
      assert.equal(ended.code, code)
      assert.match(ended.err, err)
    })
  }
})

describe('the command line', () => {
  const valid = 'proxy: {controlPlaneUrl: "http://127.0.0.1:1"}'
  const key = Buffer.alloc(32, 7).toString('base64')
  const secured = `proxy: {controlPlaneUrl: "http://127.0.0.1:1", encryption: {key: "${key}"}}`
  const cases: readonly (readonly [string, (file: string) => string[], string, number, RegExp, RegExp])[] = [
    ['-h prints help', () => ['-h'], valid, 0, /--check-config/, /^$/],
    ['--version prints the version', () => ['--version'], valid, 0, /^1\.2\.3\n$/, /^$/],
    ['an unknown flag is refused', () => ['--confg', 'x'], valid, 2, /^$/, /^vrata: unknown option '--confg'/],
    ['a stray word is refused', () => ['serve'], valid, 2, /^$/, /^vrata: too many arguments/],
    [
      'a flag without its value is refused',
      () => ['--config'],
      valid,
      2,
      /^$/,
      /^vrata: option '--config <path>' argument missing\n$/,
    ],
    ['--check-config accepts a good file', (f) => ['--check-config', '--config', f], valid, 0, /is valid\n$/, /^$/],
    ['-config is understood', (f) => ['--check-config', '-config', f], valid, 0, /is valid\n$/, /^$/],
    ['-config= is understood', (f) => ['--check-config', `-config=${f}`], valid, 0, /is valid\n$/, /^$/],
    [
      '--check-config refuses a bad file',
      (f) => ['--check-config', '--config', f],
      'log: 1',
      1,
      /^$/,
      /^vrata: \S+c\.yaml has 2 problems: [^\n]*\n$/,
    ],
    [
      '--check-config refuses what would be ignored',
      (f) => ['--check-config', '--config', f],
      secured,
      1,
      /^$/,
      /proxy\.encryption is set, but this version keeps the last good snapshot in clear\n$/,
    ],
    [
      '--check-config tells warnings',
      (f) => ['--check-config', '--config', f],
      'proxy: {controlPlaneUrl: "http://a", metrics: {maxSeries: 2}}',
      0,
      /valid/,
      /^vrata: warning: proxy\.metrics/,
    ],
    ['the default file is config.yaml', () => [], valid, 1, /^$/, /^vrata: config\.yaml: the file does not exist\n$/],
  ]
  for (const [name, args, yaml, code, out, err] of cases) {
    test(name, async (t) => {
      const ended = await outcome(t, waiting, args(configFile(t, yaml)))
      assert.match(ended.err, err)
      assert.match(ended.out, out)
      assert.equal(ended.code, code)
    })
  }
})

describe('stop signals', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`${signal} lets the program end with 0`, async (t) => {
      const child = start(t, waiting, ['--config', configFile(t, 'proxy: {controlPlaneUrl: "http://a", id: x}')])
      await once(createInterface(child.stdout), 'line')
      child.kill(signal)
      await once(child, 'close')
      assert.equal(child.exitCode, 0)
    })
  }

  test('a second signal ends a program that does not stop, with 1', async (t) => {
    const child = start(t, waiting, ['--config', configFile(t, 'proxy: {controlPlaneUrl: "http://a", id: stubborn}')])
    const lines = createInterface(child.stdout)
    await once(lines, 'line')
    child.kill('SIGTERM')
    const [line] = await once(lines, 'line')
    assert.equal(line, 'stopping')
    child.kill('SIGINT')
    await once(child, 'close')
    assert.equal(child.exitCode, 1)
  })
})

test('a program whose log has no room on its disk runs on, and says so once', async (t) => {
  const full = openSync('/dev/full', 'w')
  const source = `
import { createLogger } from ${JSON.stringify(index)}
const log = createLogger({ format: 'json', level: 'info' })
for (let n = 0; n < 3; n++) {
  await new Promise((resolve) => setTimeout(resolve))
  log.child({ n }).info('lost')
}
process.exit(7)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: ['ignore', full, 'pipe'] })
  closeSync(full)
  t.after(() => child.kill('SIGKILL'))
  assert.ok(child.stderr)
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])
  assert.equal(code, 7)
  assert.equal(said, 'vrata: the log cannot be written to standard output (ENOSPC)\n')
})
