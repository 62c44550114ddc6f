import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { SessionStoreConfig } from '@vrata/service'
import {
  eventually,
  freePort,
  own,
  type RedisServer,
  type Scope,
  startRedis,
  startRelay,
  temporaryFolder,
  withoutRedis,
} from '@vrata/testkit'
import { systemClock } from '../clock.ts'
import { recordingLogger } from '../testing/in-process.ts'
import { caPem, serverKey, serverPem } from '../testing/tls-material.ts'
import { GuardedStore } from './guarded-store.ts'
import { RedisBackend } from './redis-backend.ts'
import { redisSettings } from './redis-settings.ts'
import { unanswered } from './session-store.ts'

const skip = withoutRedis()

/** Patience is generous, as the machine that runs tests may be busy. */
function open(scope: Scope, redis: object, patience = 30_000) {
  const config = SessionStoreConfig.parse({ type: 'redis', redis }).redis
  assert.ok(config)
  const { log, lines } = recordingLogger()
  const backend = new RedisBackend(redisSettings(config))
  const store = new GuardedStore({ backend, patience, clock: systemClock, log })
  own(scope, () => store[Symbol.dispose]())
  const told = () =>
    lines.map(({ msg, reason }) => [String(msg).slice(0, 26), ...(reason === undefined ? [] : [reason])])
  return { store, backend, told, opened: store.open(60_000) }
}

/** A store that is up. */
async function opened(scope: Scope, redis: RedisServer) {
  const set = open(scope, { address: redis.address })
  await set.opened
  assert.equal(set.store.state, 'up')
  return set
}

const up = 'session store is up'
const down = 'session store is down: cho'
const readOnly = 'session store takes no wri'

test('pins are plain strings with an end, which other programs can read', { skip }, async (t) => {
  const redis = await startRedis(t)
  const { store } = await opened(t, redis)
  assert.equal(await store.read('k', 30_000), undefined)
  assert.equal(await store.claim('k', 'a', 60_000, 30_000), 'a')
  assert.equal(await redis.command('GET', 'k'), 'a')
  const left = await redis.command('PTTL', 'k')
  assert.ok(typeof left === 'number' && left > 55_000 && left <= 60_000, String(left))
  const pin = await store.read('k', 30_000)
  assert.ok(typeof pin === 'object' && pin.target === 'a' && pin.left > 50_000 && pin.left <= 60_000)
})

test('the first claim wins, and the others learn of it', { skip }, async (t) => {
  const redis = await startRedis(t)
  const one = await opened(t, redis)
  const other = await opened(t, redis)
  const claims = await Promise.all(
    ['a', 'b', 'c', 'd'].map((target, at) => (at % 2 ? one : other).store.claim('k', target, 60_000, 30_000)),
  )
  assert.equal(new Set(claims).size, 1)
  assert.equal(await redis.command('GET', 'k'), claims[0])
})

test('a pin can be moved and extended; one without an end lasts', { skip }, async (t) => {
  const redis = await startRedis(t)
  const { store, backend } = await opened(t, redis)
  await store.claim('k', 'a', 10_000, 30_000)
  await store.move('k', 'b', 20_000, 30_000)
  assert.equal(await redis.command('GET', 'k'), 'b')
  await backend.extend('k', 90_000)
  assert.ok(Number(await redis.command('PTTL', 'k')) > 80_000)
  await redis.command('SET', 'forever', 'c')
  assert.deepEqual(await store.read('forever', 30_000), { target: 'c', left: Number.POSITIVE_INFINITY })
})

test('a probe leaves nothing behind', { skip }, async (t) => {
  const redis = await startRedis(t)
  const { backend } = await opened(t, redis)
  await backend.probe()
  assert.equal(await redis.command('DBSIZE'), 0)
})

test('a password, a database and a user in a URL are used', { skip }, async (t) => {
  const settings = ['--requirepass', 's3cret', '--user', 'ann', 'on', '>p@ss', '~vrata:*', '+@all']
  const redis = await startRedis(t, { settings, password: 's3cret' })
  const first = open(t, { address: redis.address, password: 's3cret', db: 4 })
  await first.opened
  await first.store.claim('vrata:k', 'a', 60_000, 30_000)
  assert.equal(await redis.command('DBSIZE'), 0)
  const second = open(t, { url: `redis://ann:p%40ss@${redis.address}/4` })
  await second.opened
  const pin = await second.store.read('vrata:k', 30_000)
  assert.ok(typeof pin === 'object' && pin.target === 'a')
})

test('a wrong password or database leaves the store down, with a reason and without the secret', {
  skip,
}, async (t) => {
  const redis = await startRedis(t, { settings: ['--requirepass', 's3cret'], password: 's3cret' })
  const password = open(t, { address: redis.address, password: 'wr0ng' })
  await password.opened
  const database = open(t, { address: redis.address, password: 's3cret', db: 99 })
  await database.opened
  assert.deepEqual(password.told(), [[down, 'WRONGPASS']])
  assert.deepEqual(database.told(), [[down, 'ERR DB index is out of range']])
  assert.equal(await database.store.claim('k', 'a', 60_000, 50), unanswered)
  assert.equal(await redis.command('DBSIZE'), 0, 'nothing went to another database')
})

test('TLS verifies the server by the authority that is given', { skip }, async (t) => {
  const folder = await temporaryFolder(t)
  const port = await freePort()
  for (const [name, text] of Object.entries({ 'c.pem': serverPem, 'k.pem': serverKey })) {
    await writeFile(join(folder, name), text)
  }
  const files = ['--tls-cert-file', join(folder, 'c.pem'), '--tls-key-file', join(folder, 'k.pem')]
  await startRedis(t, { settings: ['--tls-port', String(port), ...files, '--tls-auth-clients', 'no'] })
  const trusted = open(t, { url: `rediss://127.0.0.1:${port}`, tls: { ca: caPem } })
  await trusted.opened
  assert.equal(trusted.store.state, 'up')
  const byName = { ca: caPem, serverName: 'upstream.example.com' }
  const named = open(t, { address: `localhost:${port}`, tls: byName })
  await named.opened
  assert.equal(named.store.state, 'up')
  const unknown = open(t, { url: `rediss://127.0.0.1:${port}` })
  await unknown.opened
  assert.deepEqual(unknown.told(), [[down, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE']])
})

test('a Redis that comes late, dies and comes back is found again, with one line for each change', {
  skip,
}, async (t) => {
  const redis = await startRedis(t)
  await redis.program.kill()
  const { store, told, opened } = open(t, { address: redis.address })
  await opened
  assert.equal(store.state, 'down')
  await redis.restart()
  await eventually('the store to be up', () => store.state === 'up')
  const asked = store.read('k', 60_000)
  await redis.program.kill()
  await asked // it may have been answered still; it does not wait for the limit
  await eventually('the store to be down', () => store.state === 'down')
  assert.equal(await store.read('k', 60_000), unanswered, 'without a connection there is no waiting')
  await redis.restart()
  await eventually('the store to be up again', () => store.state === 'up')
  const lines = told()
  assert.deepEqual(
    lines.map(([line]) => line),
    [down, up, down, up],
  )
  assert.equal(lines[0]?.[1], 'ECONNREFUSED')
})

test('a Redis that stands still costs its limit a few times, then nothing, and is used again when it goes on', {
  skip,
}, async (t) => {
  const redis = await startRedis(t)
  const { store, told } = await opened(t, redis)
  redis.freeze()
  for (let question = 0; question < 5; question++) assert.equal(await store.read('k', 20), unanswered)
  assert.equal(store.readable, false)
  redis.thaw()
  await eventually('the store to be up', () => store.state === 'up')
  assert.deepEqual(told(), [[up], [down, 'no answer in time'], [up]])
})

test('a Redis that is slower than requests may wait is not waited for', { skip }, async (t) => {
  const redis = await startRedis(t)
  const relay = await startRelay(t, redis.port)
  const { store, opened } = open(t, { address: relay.address }, 2_000)
  await opened
  await eventually('the store to be up', () => store.state === 'up')
  relay.delay = 20_000
  for (let question = 0; question < 5; question++) assert.equal(await store.read('k', 50), unanswered)
  assert.equal(store.state, 'down')
  relay.delay = 0
  await eventually('the store to be up again', () => store.state === 'up')
})

test('a replica answers questions and takes no pins; promoted, it takes them again', { skip }, async (t) => {
  const main = await startRedis(t, { settings: ['--repl-diskless-sync-delay', '0'] })
  const replica = await startRedis(t, { settings: ['--replicaof', '127.0.0.1', String(main.port)] })
  await main.command('SET', 'k', 'a', 'PX', '60000')
  await eventually('the replica to follow', async () => (await replica.command('GET', 'k')) === 'a')
  const { store, told, opened } = open(t, { address: replica.address })
  await opened
  assert.equal(store.state, 'readOnly')
  const pin = await store.read('k', 30_000)
  assert.ok(typeof pin === 'object' && pin.target === 'a')
  await replica.command('REPLICAOF', 'NO', 'ONE')
  await eventually('the store to be up', () => store.state === 'up')
  assert.equal(await store.claim('new', 'b', 60_000, 30_000), 'b')
  assert.deepEqual(told(), [[readOnly, 'READONLY'], [up]])
})

test('a Redis that is full answers questions and takes no pins', { skip }, async (t) => {
  const redis = await startRedis(t)
  const { store } = await opened(t, redis)
  await redis.command('CONFIG', 'SET', 'maxmemory', '1')
  assert.equal(await store.claim('k', 'a', 60_000, 30_000), unanswered)
  assert.equal(store.state, 'readOnly')
})

const dropping = {
  'as it has too many': (socket: Socket) => socket.end('-ERR max number of clients reached\r\n'),
  'after the first answer': (socket: Socket) => socket.once('data', () => socket.end('$-1\r\n')),
}
for (const [when, drop] of Object.entries(dropping)) {
  test(`a server that takes connections and drops them ${when} is asked less and less often`, async (t) => {
    const times: number[] = []
    const server = createServer((socket) => {
      times.push(performance.now())
      drop(socket.on('error', () => undefined))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    own(t, () => server.close())
    const { port } = server.address() as AddressInfo
    open(t, { address: `127.0.0.1:${port}` })
    await eventually('six connections', () => times.length > 5)
    const gaps = times.slice(1).map((time, at) => time - (times[at] ?? 0))
    assert.ok((gaps[4] ?? 0) > 500, `pauses of ${gaps.map(Math.round).join(', ')} ms`)
  })
}
