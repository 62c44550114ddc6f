import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createClient } from '@vrata/client'
import { type App, ask, commandOf, freePort, Program, snapshot, temporaryFolder } from '@vrata/testkit'

/** Runs a program to its end. */
function run(app: App, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const [file = '', ...before] = commandOf(app)
  return spawnSync(file, [...before, ...args], {
    encoding: 'utf8',
    timeout: 120_000,
    env: { ...process.env, ...env },
  })
}

async function file(t: TestContext, text: string): Promise<string> {
  const path = join(await temporaryFolder(t), 'config.yaml')
  writeFileSync(path, text)
  return path
}

/** One layout for both programs, as it is kept in one repository and rendered per deployment. */
const layout = (mode: string, folder: string) => `
# everything can be overridden from outside
mode: ${mode}

controlPlane:
  address: "\${VRATA_ADDRESS:-127.0.0.1:1}"   # VRATA_ADDRESS is set: the fallback is not taken
  storePath: ${join(folder, 'control-plane')}

proxy:
  controlPlaneUrl: "http://\${VRATA_ADDRESS:-127.0.0.1:1}/"
  reconnectInterval: \${RECONNECT:-100ms}
  celBodyMaxSize: \${BODY_SIZE:-65536}
  storePath: ${join(folder, 'proxy')}
  admin:
    address: 127.0.0.1:0

log:
  format: "\${LOG_FORMAT:-json}"
  level: info
`

test('both programs start from the full layout with values from the environment', async (t) => {
  const folder = await temporaryFolder(t)
  const address = `127.0.0.1:${await freePort()}`
  const env = { VRATA_ADDRESS: address }
  const start = async (app: App, mode: string): Promise<Program> => {
    const config = await file(t, layout(mode, folder))
    const program = new Program(t, { name: app, command: [...commandOf(app), '--config', config], env })
    program.start()
    await program.waitForLog('its address', (line) => line.msg === 'listening')
    return program
  }
  const plane = await start('control-plane', 'controlplane')
  const proxy = await start('proxy', 'proxy')
  const port = await freePort()
  const config = snapshot().listener('web', port).respond('all', '/', 'hello')
  const { id } = await config.activate(createClient({ baseUrl: `http://${address}` }), 'v1')
  await proxy.waitForLog('the snapshot', (line) => line.msg === 'snapshot applied' && line['snapshotId'] === id)
  assert.equal((await ask(`http://127.0.0.1:${port}`)).body, 'hello')
  assert.equal(await proxy.stop(), 0)
  assert.equal(await plane.stop(), 0)
})

const refused: readonly { what: string; app: App; text: string; says: RegExp }[] = [
  {
    what: 'a file whose mode names the other program',
    app: 'control-plane',
    text: 'mode: proxy\nproxy:\n  controlPlaneUrl: http://127.0.0.1:1\n',
    says: /proxy/,
  },
  {
    what: 'a file whose mode names the other program',
    app: 'proxy',
    text: 'mode: controlplane\n',
    says: /controlplane/,
  },
  {
    what: 'a key that nobody knows, with the one that was meant',
    app: 'proxy',
    text: 'proxy:\n  controlPlaneUrl: http://127.0.0.1:1\n  reconectInterval: 1s\n',
    says: /reconectInterval.*reconnectInterval/,
  },
  {
    what: 'a value of the wrong type',
    app: 'control-plane',
    text: 'controlPlane:\n  limits:\n    bodyBytes: many\n',
    says: /bodyBytes/,
  },
  {
    what: 'a duration that is none',
    app: 'proxy',
    text: 'proxy:\n  controlPlaneUrl: http://127.0.0.1:1\n  reconnectInterval: soon\n',
    says: /reconnectInterval/,
  },
  { what: 'a proxy without a control plane', app: 'proxy', text: 'mode: proxy\n', says: /controlPlaneUrl/ },
  { what: 'a file that is no YAML', app: 'control-plane', text: 'log: {\n', says: /config\.yaml/ },
  {
    what: 'a variable that must be set',
    app: 'control-plane',
    text: `controlPlane:\n  storePath: "\${NOT_SET:?say where}"\n`,
    says: /say where/,
  },
]

for (const { what, app, text, says } of refused) {
  test(`the ${app} refuses ${what}: one line, exit code 1`, async (t) => {
    const config = await file(t, text)
    const { status, stderr } = run(app, ['--config', config])
    assert.equal(status, 1, stderr)
    const lines = stderr.trimEnd().split('\n')
    assert.equal(lines.length, 1, stderr)
    assert.match(lines[0] ?? '', /^vrata: /)
    assert.match(lines[0] ?? '', says)
  })
}

const calls: readonly { what: string; args: readonly string[]; status: number; stdout?: RegExp; stderr?: RegExp }[] = [
  { what: '--version says the version', args: ['--version'], status: 0, stdout: /\d+\.\d+\.\d+/ },
  { what: '-h explains the options', args: ['-h'], status: 0, stdout: /--config/ },
  { what: 'an unknown option ends with 2', args: ['--confg', 'x'], status: 2, stderr: /--confg/ },
  {
    what: 'a missing file is named',
    args: ['--config', '/no/such/file.yaml'],
    status: 1,
    stderr: /^vrata: .*\/no\/such\/file\.yaml/,
  },
]

for (const app of ['control-plane', 'proxy'] as const) {
  for (const { what, args, status, stdout, stderr } of calls) {
    test(`${app}: ${what}`, () => {
      const result = run(app, args)
      assert.equal(result.status, status, result.stdout + result.stderr)
      if (stdout) assert.match(result.stdout, stdout)
      if (stderr) assert.match(result.stderr, stderr)
    })
  }

  test(`${app}: --check-config tells a good file from a bad one and starts nothing`, async (t) => {
    const folder = await temporaryFolder(t)
    const good = await file(t, layout(app === 'proxy' ? 'proxy' : 'controlplane', folder))
    const check = (config: string) => run(app, ['--config', config, '--check-config'], { VRATA_ADDRESS: '127.0.0.1:1' })
    const passed = check(good)
    assert.equal(passed.status, 0, passed.stdout + passed.stderr)
    assert.equal(check(await file(t, 'log:\n  level: loud\n')).status, 1)
  })
}
