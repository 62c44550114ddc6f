import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createClient } from '@vrata/client'
import {
  ask,
  eventually,
  freePort,
  isFree,
  own,
  Program,
  repositoryRoot,
  snapshot,
  startBackend,
  temporaryFolder,
} from '@vrata/testkit'

interface Started {
  readonly program: Program
  readonly port: number
  readonly adminPort: number
  readonly folder: string
}

/** `npm start` on ports of its own and with its data in a temporary folder. */
async function npmStart(t: TestContext): Promise<Started> {
  const [port, adminPort, folder] = [await freePort(), await freePort(), await temporaryFolder(t)]
  const program = new Program(t, {
    name: 'npm start',
    command: ['npm', 'start', '--', '--port', String(port), '--admin-port', String(adminPort)],
    cwd: repositoryRoot,
    env: { VRATA_DATA: folder },
  })
  own(t, () => (program.running ? program.stop() : undefined)) // before it is killed, which would leave its children
  program.start()
  return { program, port, adminPort, folder }
}

const ready = (program: Program) => program.waitForLog('it to be ready', ({ msg }) => msg.startsWith('vrata: ready'))

/** Process id that `npm start` printed for one of its two programs. */
function pidOf(program: Program, app: string): number {
  const line = program.logs.find(({ msg }) => msg.startsWith(app) && msg.includes('| process '))
  return Number(/process (\d+)/.exec(line?.msg ?? '')?.[1])
}

async function assertAllGone({ port, adminPort }: Started): Promise<void> {
  await eventually('both ports to be free', async () => (await isFree(port)) && (await isFree(adminPort)))
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`npm start runs a control plane and a proxy that serve, and ${signal} stops both`, async (t) => {
    const started = await npmStart(t)
    const { program, port, adminPort, folder } = started
    await ready(program)
    const listenerPort = await freePort()
    await snapshot()
      .listener('web', listenerPort)
      .respond('all', '/', 'hello')
      .activate(createClient({ baseUrl: `http://localhost:${port}` }), 'v1')
    await eventually('the proxy to serve', async () => (await ask(`http://127.0.0.1:${listenerPort}`)).body === 'hello')
    assert.equal((await ask(`http://127.0.0.1:${adminPort}/readyz`)).status, 200)
    assert.ok(existsSync(join(folder, 'control-plane', 'vrata.db')), 'data is kept in the folder that was named')
    for (const app of ['control-plane', 'proxy']) {
      assert.ok(
        program.logs.some(({ msg }) => msg.startsWith(app)),
        `lines of the ${app} are marked as such`,
      )
    }
    program.signal(signal)
    assert.equal(await program.ended(), 0)
    await assertAllGone(started)
  })
}

for (const app of ['control-plane', 'proxy']) {
  test(`npm start ends with 1 and stops the other when the ${app} dies`, async (t) => {
    const started = await npmStart(t)
    await ready(started.program)
    process.kill(pidOf(started.program, app), 'SIGKILL')
    assert.equal(await started.program.ended(), 1)
    await assertAllGone(started)
    assert.ok(started.program.logs.some(({ msg }) => msg.includes(`the ${app} ended with SIGKILL`)))
  })
}

test('npm start says which port is taken and how to choose another', async (t) => {
  const squatter = await startBackend(t, { port: await freePort() })
  const program = new Program(t, {
    name: 'npm start',
    command: ['npm', 'start', '--', '--port', String(squatter.port)],
    cwd: repositoryRoot,
    env: { VRATA_DATA: await temporaryFolder(t) },
  })
  program.start()
  assert.equal(await program.ended(), 1)
  const said = program.stderr.find((line) => line.startsWith('vrata:'))
  assert.match(said ?? '', new RegExp(`port ${squatter.port} is taken.*npm start -- --port`))
})
