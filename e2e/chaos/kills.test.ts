import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { NoAnswerError } from '@vrata/client'
import { ask, eventually, startBackend, startLoad } from '@vrata/testkit'
import { startGateway } from '../gateway.ts'

const kills = 50

/** What the control plane has confirmed, and what was under way when it was killed. */
interface Promised {
  /** Ids of destinations whose creation was answered. */
  readonly stored: Set<string>
  /** Snapshot whose activation was answered last. */
  active: string
  /** Snapshot whose activation was asked for and not answered. */
  inDoubt: string | undefined
}

test(`${kills} times kill -9 of the control plane while it writes and activates: everything confirmed is there, traffic never stops`, {
  timeout: 900_000,
}, async (t) => {
  const { plane, client, url, base, activate, proxy } = await startGateway(t)
  const backend = await startBackend(t, { name: 'blue' })
  const config = base.destination('blue', backend.address)
  const first = await activate(config.forward('shop', '/shop', 'blue'), 'first')
  const { id: second } = await config.respond('shop', '/shop', 'green\n').capture(client, 'second')
  const { pid } = proxy.program
  const promised: Promised = { stored: new Set(['blue']), active: first, inDoubt: undefined }
  const load = startLoad({
    url: `${url}/shop`,
    clients: 2,
    check: (status, body) => (status === 200 && /^(blue|green)\n$/.test(body) ? undefined : `${status} ${body}`),
    pause: 5,
  })
  t.after(() => load.stop())

  let writes = 0
  /** Creates destinations until the control plane is gone. */
  const write = async (): Promise<void> => {
    for (;;) {
      const id = `d-${writes++}`
      try {
        await client.destinations.create({ id, name: id, host: '127.0.0.1', port: 80 })
        promised.stored.add(id)
      } catch (error) {
        if (error instanceof NoAnswerError) return
        throw error
      }
    }
  }
  /** Activates the two snapshots in turns until the control plane is gone. */
  const activateInTurns = async (): Promise<void> => {
    for (;;) {
      const id = promised.active === first ? second : first
      promised.inDoubt = id
      try {
        await client.snapshots.activate(id)
        promised.active = id
        promised.inDoubt = undefined
      } catch (error) {
        if (error instanceof NoAnswerError) return
        throw error
      }
    }
  }
  /** What the store holds now has to be what was confirmed; the one write in doubt may be there or not. */
  const check = async (): Promise<void> => {
    const there = new Set((await client.destinations.list()).map(({ id }) => id))
    const lost = [...promised.stored].filter((id) => !there.has(id))
    assert.deepEqual(lost, [], 'confirmed writes that are gone')
    const active = (await client.snapshots.list()).filter((one) => one.active).map(({ id }) => id)
    assert.equal(active.length, 1)
    assert.ok(active[0] === promised.active || active[0] === promised.inDoubt, 'the active snapshot is a confirmed one')
    promised.active = active[0] ?? ''
    promised.inDoubt = undefined
  }

  for (let n = 0; n < kills; n++) {
    const busy = Promise.all([write(), write(), activateInTurns()])
    const before = promised.stored.size
    // at another moment each time, so that the kills fall into all parts of a write; every other time not into the first
    await wait(5 + ((n * 37) % 120))
    if (n % 2 === 0) await eventually('a write to be confirmed', () => promised.stored.size > before)
    await plane.program.kill()
    await busy
    await plane.restart()
    await check()
  }
  const counts = await load.stop()
  t.diagnostic(`${promised.stored.size} confirmed writes, ${counts.answered} requests through the proxy meanwhile`)
  assert.equal(counts.failed, 0, counts.failures.join('\n'))
  assert.equal(counts.dropped, 0, 'kept connections that were closed')
  assert.ok(counts.answered > kills)
  assert.ok(promised.stored.size > kills / 2, 'writes went on between the kills')
  assert.equal(proxy.program.pid, pid)

  await eventually('the proxy to run what is active', async () => {
    const { proxies, active } = await client.fleet()
    return proxies[0]?.state === 'inSync' && proxies[0].snapshotId === active?.snapshotId
  })
  assert.equal((await ask(`${url}/shop`)).status, 200)
})
