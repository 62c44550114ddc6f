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
  const admin = `127.0.0.1:${await freePort()}`
  const config = ProxyConfig.parse({
    proxy: {
      controlPlaneUrl: server.url,
      storePath: await temporaryFolder(t),
      admin: { address: admin },
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
  /** On a busy machine a worker may begin so late that the others go on without it. */
  const bothServe = () =>
    eventually('both workers to serve', async () => {
      const { workers } = JSON.parse((await ask(`http://${admin}/readyz`)).body)
      return workers.serving === 2
    })
  return { done, activate, answers, bothServe }
}

for (const [name, pattern] of [
  ['refused', /^not by me$/],
  ['deadly', /worker process ended/],
  ['failing', /worker process ended/],
] as const) {
  test(`a snapshot that is ${name} in one worker process is served by none of them; the next one by both`, async (t) => {
    const { activate, answers, bothServe } = await startParent(t, unruly)
    // Where a process takes long to start, the one that ended is not waited for: then once more.
    const { good, report } = await eventually('the refusal', async () => {
      const good = await activate('good', (s) => s.respond('r', '/', 'good'))
      assert.equal(good['result'], 'ok')
      await bothServe()
      const report = await activate(name, (s) => s.respond('r', '/', 'bad'))
      return report['result'] === 'error' && { good, report }
    })
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
