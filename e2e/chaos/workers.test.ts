import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, eventually, openWebSocket, startBackend, startLoad, startUpgradeBackend } from '@vrata/testkit'
import { startGateway } from '../gateway.ts'
import { workerPids } from '../workers.ts'

const two = { proxy: { config: { proxy: { workers: 2 } } } }
const activations = 100
const kills = 8

test(`${activations} activations under constant load on two workers: no request fails, no connection is dropped`, {
  timeout: 600_000,
}, async (t) => {
  const { client, url, port, base, activate, proxy } = await startGateway(t, two)
  const blue = await startBackend(t, { name: 'blue' })
  const green = await startBackend(t, { name: 'green' })
  const chat = await startUpgradeBackend(t)
  const config = base
    .destination('blue', blue.address)
    .destination('green', green.address)
    .destination('chat', chat.address)
    .forward('chat', '/chat', 'chat')
  const first = await activate(config.forward('shop', '/shop', 'blue').respond('extra', '/extra', 'first'), 'first')
  const { id: second } = await config.forward('shop', '/shop', 'green').capture(client, 'second')
  const pids = workerPids(proxy)

  const sockets = await Promise.all(Array.from({ length: 8 }, () => openWebSocket(t, `ws://127.0.0.1:${port}/chat`)))
  const load = startLoad({
    url: `${url}/shop/cart`,
    clients: 16,
    check: (status, body) => (status === 200 && /^(blue|green)\n$/.test(body) ? undefined : `${status} ${body}`),
  })
  t.after(() => load.stop())
  await eventually('the load to flow', () => load.counts.answered > 100)
  for (let n = 0; n < activations; n++) {
    const id = n % 2 === 0 ? second : first
    const color = n % 2 === 0 ? 'green\n' : 'blue\n'
    await client.snapshots.activate(id)
    await proxy.applied(id)
    for (let asked = 0; asked < 4; asked++) {
      assert.equal((await ask(`${url}/shop`)).body, color, 'no worker serves the old one any more')
    }
    assert.equal(await sockets[n % sockets.length]?.ask(`message ${n}`), `message ${n}`)
  }
  const counts = await load.stop()
  t.diagnostic(`${counts.answered} requests`)
  assert.equal(counts.failed, 0, counts.failures.join('\n'))
  assert.equal(counts.dropped, 0, 'kept connections that were closed')
  assert.ok(counts.answered > activations)
  assert.deepEqual(workerPids(proxy), pids, 'no worker has ended')
})

test(`${kills} times kill -9 of a worker while snapshots are activated: every one is applied, by all workers`, {
  timeout: 600_000,
}, async (t) => {
  const { client, url, base, activate, proxy } = await startGateway(t, two)
  const first = await activate(base.respond('shop', '/shop', 'first'), 'first')
  const { id: second } = await base.respond('shop', '/shop', 'second').capture(client, 'second')
  const load = startLoad({
    url: `${url}/shop`,
    clients: 4,
    check: (status, body) => (status === 200 && /^(first|second)$/.test(body) ? undefined : `${status} ${body}`),
  })
  t.after(() => load.stop())
  for (let n = 0; n < kills; n++) {
    const [id, text] = n % 2 === 0 ? [second, 'second'] : [first, 'first']
    const victim = workerPids(proxy).get((n % 2) + 1) ?? 0
    const serves = proxy.program.nextLog('a replacement', ({ msg }) => msg === 'worker started')
    await client.snapshots.activate(id)
    // in another part of the activation each time
    await new Promise((resolve) => setTimeout(resolve, n % 5))
    process.kill(victim, 'SIGKILL')
    await proxy.applied(id)
    await serves
    await proxy.ready()
    await eventually('both workers to serve', async () => {
      const { workers } = JSON.parse((await ask(`${proxy.adminUrl}/readyz`)).body)
      return workers.serving === 2
    })
    for (let asked = 0; asked < 10; asked++) assert.equal((await ask(`${url}/shop`)).body, text)
  }
  const counts = await load.stop()
  t.diagnostic(`${counts.answered} requests, ${counts.failed} on connections of workers that were killed`)
  // of each client one request under way, and one on a new connection to sockets that were just being closed
  assert.ok(counts.failed <= kills * 4 * 2, counts.failures.join('\n'))
  const { proxies } = await client.fleet()
  assert.deepEqual([proxies.length, proxies[0]?.state], [1, 'inSync'])
})
