import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ProxyConfig, setLogLevel } from '@vrata/service'
import {
  ask,
  eventually,
  freePort,
  own,
  type Scope,
  type SnapshotBuilder,
  snapshot,
  temporaryFolder,
} from '@vrata/testkit'
import { runProxy } from '../proxy.ts'
import { documentOf, recordingLogger } from '../testing/in-process.ts'
import { startStreamServer } from '../testing/stream-server.ts'

const unruly = fileURLToPath(new URL('../testing/unruly-worker.ts', import.meta.url))

/** A proxy whose parent process is that of the test, with two real worker processes. */
async function startParent(t: Scope, entry: string) {
  const server = await startStreamServer(t)
  const { log } = recordingLogger()
  setLogLevel(log, 'error') // also that of the workers, which write to the output of the test
  const stop = new AbortController()
  const config = ProxyConfig.parse({
    proxy: {
      controlPlaneUrl: server.url,
      storePath: await temporaryFolder(t),
      admin: { address: '127.0.0.1:0' },
      workers: 2,
    },
  })
  const done = runProxy(config, log, '1.0.0', stop.signal, entry)
  done.catch(() => undefined) // whoever expects it to fail looks at it
  own(t, async () => {
    stop.abort()
    await done.catch(() => undefined)
  })
  const port = await freePort()
  /** Sends a snapshot and waits for the report about it. */
  const activate = async (name: string, configure: (builder: SnapshotBuilder) => SnapshotBuilder) => {
    const stream = await eventually('a stream', () => server.streams.at(-1))
    const base = snapshot().listener('main', port, { drainTimeout: '0s' })
    const document = { ...documentOf(configure(base).config), name }
    stream.snapshot(document)
    const about = await eventually('the report', () =>
      server.reports.find(({ body }) => body['snapshotId'] === document.id),
    )
    return about.body
  }
  /** What twenty new connections are answered: by both workers, then. */
  const answers = async () => {
    const bodies = new Set<string>()
    for (let n = 0; n < 20; n++) bodies.add((await ask(`http://127.0.0.1:${port}`)).body)
    return [...bodies]
  }
  return { done, activate, answers }
}

for (const [name, pattern] of [
  ['refused', /^not by me$/],
  ['deadly', /worker process ended/],
  ['failing', /worker process ended/],
] as const) {
  test(`a snapshot that is ${name} in one worker process is served by none of them; the next one by both`, async (t) => {
    const { activate, answers } = await startParent(t, unruly)
    const good = await activate('good', (s) => s.respond('r', '/', 'good'))
    assert.equal(good['result'], 'ok')
    const report = await activate(name, (s) => s.respond('r', '/', 'bad'))
    assert.equal(report['result'], 'error')
    const problems = report['problems'] as readonly { readonly message: string }[]
    assert.equal(problems.length, 1)
    assert.match(problems[0]?.message ?? '', pattern)
    assert.deepEqual(report['running'], { snapshotId: good['snapshotId'], hash: good['hash'] })
    assert.deepEqual(await answers(), ['good'])
    const next = await activate('next', (s) => s.respond('r', '/', 'next'))
    assert.equal(next['result'], 'ok')
    assert.deepEqual(await answers(), ['next'])
  })
}

test('worker processes that cannot be started end the program with the reason', async (t) => {
  const types = fileURLToPath(new URL('./protocol.ts', import.meta.url)) // a program that does nothing
  const { done } = await startParent(t, types)
  await assert.rejects(done, /^Error: no worker process could be started: exit code 0$/)
})
