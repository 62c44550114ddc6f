import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, eventually, freePort, snapshot, startBackend } from '@vrata/testkit'
import { startGateway } from '../gateway.ts'

test('a port that is taken makes the proxy degraded: the fleet names the listener, the others serve, and it is opened once free', async (t) => {
  const { client, proxy, url, base, activate } = await startGateway(t)
  const squatter = await startBackend(t, { name: 'squatter', port: await freePort() })
  const id = await activate(base.listener('taken', squatter.port).respond('all', '/', 'hello'))
  assert.equal((await ask(url)).body, 'hello', 'the other listener is not affected')
  assert.equal((await ask(squatter.url)).body, 'squatter\n')

  const seen = await eventually('the fleet to say so', async () => {
    const found = (await client.fleet()).proxies.find((one) => one.id === proxy.id)
    return found?.state === 'error' ? found : undefined
  })
  assert.equal(seen.lastAck?.result, 'degraded')
  assert.equal(seen.snapshotId, id, 'the snapshot is applied all the same')
  const [problem] = seen.lastAck?.problems ?? []
  assert.ok(problem)
  assert.deepEqual([problem.entity.kind, problem.entity.id, problem.severity], ['listener', 'taken', 'error'])
  assert.match(problem.message, new RegExp(`EADDRINUSE|${squatter.port}`))

  const ready = await ask(`${proxy.adminUrl}/readyz`)
  assert.equal(ready.status, 503)
  assert.match(ready.body, /taken/)

  await squatter.close()
  await eventually('the listener to be opened', async () => (await ask(squatter.url)).body === 'hello')
  await eventually('the fleet to be in sync', async () =>
    (await client.fleet()).proxies.every(({ state }) => state === 'inSync'),
  )
})

test('the fleet knows who is connected and forgets nobody who only lost the connection for a moment', async (t) => {
  const { plane, client, proxy, base, activate } = await startGateway(t)
  await activate(base.respond('all', '/', 'x'))
  const before = await eventually('the proxy in sync', async () => {
    const { proxies } = await client.fleet()
    return proxies[0]?.state === 'inSync' ? proxies[0] : undefined
  })
  assert.equal(before.id, proxy.id)
  assert.match(before.version ?? '', /^\d+\.\d+\.\d+/)
  await plane.program.kill()
  await plane.restart()
  await eventually('the proxy in sync again', async () => {
    const { proxies } = await client.fleet()
    return proxies.length === 1 && proxies[0]?.id === proxy.id && proxies[0].state === 'inSync'
  })
})

test('activating what is active answers again and changes nothing', async (t) => {
  const { client, proxy, base, activate } = await startGateway(t)
  const id = await activate(base.respond('all', '/', 'x'))
  const before = (await client.fleet()).active
  const applied = () => proxy.program.logs.filter(({ msg }) => msg === 'snapshot applied').length
  const count = applied()
  await client.snapshots.activate(id)
  assert.deepEqual((await client.fleet()).active, before)
  // a second snapshot passes through the same stream: had the first been sent again, it would have come before
  const next = await snapshot()
    .listener('web', await freePort())
    .activate(client, 'next')
  await proxy.applied(next.id)
  assert.equal(applied(), count + 1)
})
