import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualScope } from './manual-scope.ts'
import { Program } from './program.ts'
import type { Scope } from './scope.ts'

/** A program that runs this JavaScript. */
function script(scope: Scope, text: string, env: Record<string, string> = {}): Program {
  return new Program(scope, { name: 'script', command: [process.execPath, '-e', text], env })
}

const idle = 'setInterval(() => {}, 1000);'
const saysUp = `console.log(JSON.stringify({ msg: 'up', n: 1 }));${idle}`

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

test('a log line is found whether it came before or comes after the question', async (t) => {
  const program = script(t, `${saysUp} setTimeout(() => console.log('plain text'), 50)`)
  program.start()
  assert.deepEqual(await program.waitForLog('up', (line) => line.msg === 'up'), { msg: 'up', n: 1 })
  assert.equal((await program.waitForLog('up', (line) => line.msg === 'up'))['n'], 1)
  await program.waitForLog('text', (line) => line.msg === 'plain text')
})

test('nextLog does not take a line that is there already', async (t) => {
  const program = script(t, `${saysUp} setTimeout(() => console.log('{"msg":"up","n":2}'), 200)`)
  program.start()
  await program.waitForLog('up', (line) => line.msg === 'up')
  assert.equal((await program.nextLog('up again', (line) => line.msg === 'up'))['n'], 2)
})

test('waiting ends with the log when the program ends before', async (t) => {
  const program = script(t, "console.log('last words'); console.error('why'); process.exit(3)")
  program.start()
  await assert.rejects(
    program.waitForLog('something', () => false),
    /waiting for something: script ended with 3\nlog of script:\n {2}\{"msg":"last words"\}\n {2}stderr: why/,
  )
  assert.equal(await program.ended(), 3)
})

test('waiting ends when patience does', async (t) => {
  const program = script(t, saysUp)
  program.start()
  await assert.rejects(
    program.waitForLog('something', () => false, 50),
    /nothing within 50 ms/,
  )
})

test('a program that nobody stopped is dead when the scope ends, and that is no fault', async () => {
  const scope = manualScope()
  const program = script(scope, saysUp)
  program.start()
  await program.waitForLog('up', (line) => line.msg === 'up')
  const { pid } = program
  assert.ok(exists(pid))
  await scope.end()
  assert.equal(program.running, false)
  assert.equal(exists(pid), false)
})

test('a program that ended although nobody stopped it fails the scope', async () => {
  const scope = manualScope()
  const program = script(scope, "console.error('boom'); process.exit(7)")
  program.start()
  await assert.rejects(
    program.nextLog('never', () => false),
    /ended with 7/,
  )
  await assert.rejects(scope.end(), /script ended during the test although nobody stopped it[\s\S]*boom/)
})

test('stop sends SIGTERM and gives the exit code', async (t) => {
  const program = script(t, `process.on('SIGTERM', () => process.exit(5)); ${saysUp}`)
  program.start()
  await program.waitForLog('up', (line) => line.msg === 'up')
  assert.equal(await program.stop(), 5)
})

test('stop is impatient with a program that does not end', async (t) => {
  const program = script(t, `process.on('SIGTERM', () => {}); ${saysUp}`)
  program.start()
  await program.waitForLog('up', (line) => line.msg === 'up')
  await assert.rejects(program.stop(50), /script did not end within 50 ms/)
})

test('a killed program starts again, and logs of the life before do not count', async (t) => {
  const program = script(t, saysUp)
  program.start()
  await program.waitForLog('up', (line) => line.msg === 'up')
  const first = program.pid
  await program.kill()
  program.start()
  await program.waitForLog('up', (line) => line.msg === 'up')
  assert.notEqual(program.pid, first)
  assert.equal(program.logs.length, 2)
  assert.equal(program.lifeLogs.length, 1)
})

test('a program that cannot be started says so', async () => {
  const scope = manualScope()
  const program = new Program(scope, { name: 'nothing', command: ['/no/such/program'] })
  program.start()
  await assert.rejects(
    program.waitForLog('up', () => true),
    /nothing: waiting for up: .*ENOENT/,
  )
})

test('the environment of the test is passed on with the additions', async (t) => {
  const program = script(t, 'console.log([process.env.PATH !== undefined, process.env.MINE].join())', { MINE: 'x' })
  program.start()
  await program.waitForLog('its environment', (line) => line.msg === 'true,x')
  assert.equal(await program.ended(), 0)
})
