import assert from 'node:assert/strict'
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryDirectory } from './store/sqlite/test-engine.ts'
import { openStream } from './testing/event-stream.ts'
import { send } from './testing/send.ts'

const main = fileURLToPath(new URL('../main.mjs', import.meta.url))

interface Program {
  readonly child: ChildProcessByStdio<null, Readable, Readable>
  readonly url: Promise<string>
  /** Exit code and what was written to stderr. */
  readonly ended: Promise<{ code: number | null; stderr: string }>
}

function start(t: TestContext, ...args: readonly string[]): Program {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  t.after(() => child.kill('SIGKILL'))
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
  const url = new Promise<string>((resolve) => {
    createInterface(child.stdout).on('line', (line) => {
      if (!line.startsWith('{')) return
      const { msg, address } = JSON.parse(line)
      if (msg === 'listening') resolve(`http://${address}`)
    })
  })
  return { child, url, ended: once(child, 'close').then(([code]) => ({ code, stderr })) }
}

async function configFile(t: TestContext, more = '', storePath?: string): Promise<string> {
  const directory = await temporaryDirectory(t)
  const path = join(directory, 'config.yaml')
  const store = storePath ?? join(directory, 'deep', 'store')
  const lines = [`controlPlane:`, `  address: 127.0.0.1:0`, `  storePath: ${store}`, more, `log: { format: json }`]
  await writeFile(path, lines.join('\n'))
  return path
}

test('it serves until it is told to stop, lets requests end, and leaves with 0', async (t) => {
  const { child, url, ended } = start(t, '--config', await configFile(t))
  const base = await url
  const stream = await openStream(t, base)
  await stream.next()
  const { hostname, port } = new URL(base)
  const headers = { 'content-type': 'application/json', 'content-length': 12 }
  const slow = request({ hostname, port, method: 'POST', path: '/api/v1/groups', headers })
  slow.write('{"name":')
  while ((await send(base, 'GET', '/healthz')).status !== 200);
  child.kill('SIGTERM')
  await stream.ended
  assert.match(stream.text, /: closing\n\n$/)
  slow.end('"n"}')
  const [answer] = await once(slow, 'response')
  assert.equal(answer.statusCode, 201)
  answer.resume()
  assert.deepEqual(await ended, { code: 0, stderr: '' })
})

test('requests that do not end are cut after the timeout', async (t) => {
  const { child, url, ended } = start(t, '--config', await configFile(t, '  shutdownTimeout: 200ms'))
  const { hostname, port } = new URL(await url)
  const slow = request({ hostname, port, method: 'POST', path: '/api/v1/groups', headers: { 'content-length': 12 } })
  slow.on('error', () => undefined)
  slow.write('{"name":')
  await send(await url, 'GET', '/healthz')
  child.kill('SIGINT')
  assert.deepEqual(await ended, { code: 0, stderr: '' })
})

test('a second signal ends it at once with 1', async (t) => {
  const { child, url, ended } = start(t, '--config', await configFile(t, '  shutdownTimeout: 1m'))
  const base = await url
  const { hostname, port } = new URL(base)
  const slow = request({ hostname, port, method: 'POST', path: '/api/v1/groups', headers: { 'content-length': 12 } })
  slow.on('error', () => undefined)
  slow.write('{"name":')
  const stream = await openStream(t, base)
  child.kill('SIGTERM')
  await stream.ended
  child.kill('SIGTERM')
  assert.equal((await ended).code, 1)
})

test('a second process on the same store says so and leaves with 1', async (t) => {
  const store = join(await temporaryDirectory(t), 'store')
  const first = start(t, '--config', await configFile(t, '', store))
  await first.url
  const started = performance.now()
  const { code, stderr } = await start(t, '--config', await configFile(t, '', store)).ended
  assert.equal(code, 1)
  assert.match(stderr, /^vrata: another process holds .*vrata\.db\n$/)
  assert.ok(performance.now() - started < 60_000)
})

test('an address that is taken is fatal, and the store is given back', async (t) => {
  const first = start(t, '--config', await configFile(t))
  const address = (await first.url).replace('http://', '')
  const path = await configFile(t)
  await writeFile(path, (await readFile(path, 'utf8')).replace('127.0.0.1:0', address))
  const { code, stderr } = await start(t, '--config', path).ended
  assert.equal(code, 1)
  assert.match(stderr, /^vrata: .*EADDRINUSE/)
})

const refused: readonly { name: string; more: string; words: RegExp }[] = [
  { name: 'API keys', more: '  auth: { apiKeys: [{ name: a, key: b }] }', words: /controlPlane\.auth/ },
  {
    name: 'encryption',
    more: `  encryption: { key: ${Buffer.alloc(32, 7).toString('base64')} }`,
    words: /controlPlane\.encryption/,
  },
  { name: 'an unknown key', more: '  adress: ":1"', words: /adress.*address/ },
]
for (const { name, more, words } of refused) {
  test(`a file with ${name} is refused before anything is opened`, async (t) => {
    const { code, stderr } = await start(t, '--config', await configFile(t, more)).ended
    assert.equal(code, 1)
    assert.match(stderr, /^vrata: [^\n]*\n$/)
    assert.match(stderr, words)
  })
}

test('a file of the proxy, a missing file and a wrong flag are refused', async (t) => {
  const path = await configFile(t)
  await writeFile(path, 'mode: proxy\n')
  assert.equal((await start(t, '--config', path).ended).code, 1)
  assert.equal((await start(t, '--config', join(path, 'none')).ended).code, 1)
  assert.equal((await start(t, '--confg', path).ended).code, 2)
})

test('checking a file opens nothing', async (t) => {
  const path = await configFile(t)
  assert.equal((await start(t, '--config', path, '--check-config').ended).code, 0)
  assert.equal((await start(t, '--version').ended).code, 0)
})
