import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ask, eventually, startBackend, startControlPlane, startProxy, temporaryFolder } from '@vrata/testkit'
import { startGateway } from '../gateway.ts'

test('a proxy serves on without its control plane, and hears of the next activation when that is back', async (t) => {
  const { plane, proxy, url, base, activate, client } = await startGateway(t)
  const backend = await startBackend(t, { name: 'blue' })
  const config = base.destination('blue', backend.address)
  await activate(config.forward('all', '/', 'blue'))

  await plane.program.kill()
  assert.equal((await ask(url)).body, 'blue\n')
  const { pid } = proxy.program

  await plane.restart()
  await activate(config.respond('all', '/', 'second'))
  assert.equal((await ask(url)).body, 'second')
  assert.equal(proxy.program.pid, pid)
  assert.equal((await client.snapshots.list()).length, 2, 'the store outlived kill -9')
})

test('a snapshot that was activated while the proxy was cut off is applied on reconnecting', async (t) => {
  const { plane, proxy, url, base, activate, client } = await startGateway(t)
  await activate(base.respond('all', '/', 'first'))
  // the proxy stands still: it can neither read the stream nor notice its end
  process.kill(proxy.program.pid, 'SIGSTOP')
  let id: string
  try {
    await plane.program.kill()
    await plane.restart()
    id = (await base.respond('all', '/', 'second').activate(client, 'second')).id
  } finally {
    process.kill(proxy.program.pid, 'SIGCONT')
  }
  await proxy.applied(id)
  assert.equal((await ask(url)).body, 'second')
})

test('a proxy that starts without a control plane serves the last good snapshot from its disk', async (t) => {
  const { plane, proxy, url, base, activate, acknowledged } = await startGateway(t)
  const backend = await startBackend(t, { name: 'blue' })
  await acknowledged(await activate(base.destination('blue', backend.address).forward('all', '/', 'blue')))
  await plane.program.kill()
  await proxy.program.kill()
  await assert.rejects(ask(url), /ECONNREFUSED/)

  await proxy.restart()
  await eventually('the proxy to serve', async () => (await ask(url)).body === 'blue\n')
  await proxy.ready()

  await plane.restart()
  const id = await activate(base.respond('all', '/', 'again'))
  await proxy.applied(id)
  assert.equal((await ask(url)).body, 'again')
})

test('the last good snapshot is readable by its owner alone', async (t) => {
  const folder = await temporaryFolder(t)
  const { base, activate } = await startGateway(t, { proxy: { folder } })
  await activate(base.respond('all', '/', 'x'))
  const file = join(folder, 'store', 'last-good')
  const mode = await eventually('the file', () => statSync(file, { throwIfNoEntry: false })?.mode)
  assert.equal((mode & 0o777).toString(8), '600')
})

test('a proxy without a control plane and without a snapshot is alive but not ready, and opens nothing', async (t) => {
  const proxy = await startProxy(t, { controlPlane: 'http://127.0.0.1:1' })
  assert.equal((await ask(`${proxy.adminUrl}/livez`)).status, 200)
  const ready = await ask(`${proxy.adminUrl}/readyz`)
  assert.equal(ready.status, 503)
  assert.match(ready.body, /no snapshot/)
  assert.equal(await proxy.program.stop(), 0)
})

test('a proxy goes on to the next control plane of its list', async (t) => {
  const plane = await startControlPlane(t)
  const proxy = await startProxy(t, { controlPlane: ['http://127.0.0.1:1', plane.url] })
  await eventually('the proxy in the fleet', async () => {
    const { proxies } = await plane.client.fleet()
    return proxies.some(({ id, connectedSince }) => id === proxy.id && connectedSince !== null)
  })
})

test('both programs end with 0 on SIGTERM, the control plane also while a stream is open', async (t) => {
  const { plane, proxy, base, activate, url } = await startGateway(t)
  await activate(base.respond('all', '/', 'x'))
  assert.equal((await ask(url)).status, 200)
  assert.equal(await plane.program.stop(), 0)
  assert.equal(await proxy.program.stop(), 0)
})

test('a pause before the drain that is longer than any timer of the platform is a pause; a second signal ends it', async (t) => {
  const { proxy } = await startGateway(t, { proxy: { config: { proxy: { preStopDelay: '1000h' } } } })
  proxy.program.signal('SIGTERM')
  const ready = await eventually(
    'unreadiness',
    async () => {
      const answer = await ask(`${proxy.adminUrl}/readyz`)
      return JSON.parse(answer.body).reason === 'draining' && answer
    },
    { timeout: 10_000 },
  )
  assert.equal(ready.status, 503)
  proxy.program.signal('SIGTERM')
  assert.equal(await proxy.program.ended(), 1)
})
