import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually, type Scope, scriptedUpstream } from '@vrata/testkit'
import { call, openPool, type PoolSettings } from '../../testing/upstream-calls.ts'

const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

/** An upstream that says the same to everything, on each connection as often as it is asked. */
async function answering(t: Scope, answer: string, settings: PoolSettings = {}) {
  const upstream = await scriptedUpstream(t, async (peer) => {
    peer.socket.on('data', () => peer.socket.write(answer))
    await peer.closed()
  })
  return { upstream, pool: openPool(t, upstream.port, settings) }
}

test('of the connections that a burst leaves behind, a part is kept, and the rest closes early', async (t) => {
  const { upstream, pool } = await answering(t, ok, { idle: 60_000, mostIdle: 3, idleAbove: 50 })
  await Promise.all(Array.from({ length: 12 }, () => call(pool).outcome))
  assert.equal(upstream.connections, 12)
  await eventually('the rest to be closed', () => pool.load.connections <= 3)
  const closed = pool.endpoint.timers.now
  await eventually('some time to pass', () => pool.endpoint.timers.now - closed > 300)
  assert.deepEqual(pool.load, { inFlight: 0, idle: 3, waiting: 0, connections: 3 })
})

test('a burst of few leaves all its connections to the next one', async (t) => {
  const { upstream, pool } = await answering(t, ok, { idle: 60_000, mostIdle: 12, idleAbove: 20 })
  await Promise.all(Array.from({ length: 12 }, () => call(pool).outcome))
  const over = pool.endpoint.timers.now
  await eventually('some time to pass', () => pool.endpoint.timers.now - over > 200)
  await Promise.all(Array.from({ length: 12 }, () => call(pool).outcome))
  assert.equal(upstream.connections, 12)
})

test('a connection that has become too old while it was idle is not used again', async (t) => {
  const { upstream, pool } = await answering(t, ok, { lifetime: 50 })
  await call(pool).outcome
  const born = pool.endpoint.timers.now
  await eventually('some time to pass', () => pool.endpoint.timers.now - born > 60)
  assert.equal((await call(pool).outcome).body, 'ok')
  assert.equal(upstream.connections, 2)
  assert.equal(pool.load.connections, 1)
})

for (const [says, again] of [
  ['timeout=0', false],
  ['max=5, timeout=0', false],
  ['timeout=600', true],
  ['max=100', true],
] as const) {
  const what = again ? 'carries the next one too' : 'carries no other request'
  test(`a connection whose endpoint says "Keep-Alive: ${says}" ${what}`, async (t) => {
    const { upstream, pool } = await answering(t, ok.replace('\r\n\r\n', `\r\nKeep-Alive: ${says}\r\n\r\n`))
    // A request with a method that could not be sent again, had the endpoint closed the connection under it.
    for (let times = 0; times < 3; times++) assert.equal((await call(pool, { method: 'POST' }).outcome).body, 'ok')
    assert.equal(upstream.connections, again ? 1 : 3)
    assert.equal(pool.load.connections, 1)
  })
}
