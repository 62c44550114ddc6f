import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ask,
  type Backend,
  eventually,
  type ProxyProgram,
  type RedisServer,
  type Scope,
  type SnapshotBuilder,
  startBackend,
  startLoad,
  startRedis,
  startRelay,
  withoutRedis,
} from '@vrata/testkit'
import { type Gateway, startGateway } from '../gateway.ts'
import { isEveryNameKnown, newClients, StickyClient, shareOf, unknownName, visits } from '../sticky.ts'

const skip = withoutRedis()
const pin = '_vrata_destination_pin'

/** A gateway whose proxy keeps sessions in this Redis, for which it waits long, as the machine may be busy. */
function gatewayWith(t: Scope, address: string, store: object = { timeout: '60s' }): Promise<Gateway> {
  return startGateway(t, { proxy: { config: { sessionStore: { type: 'redis', redis: { address }, ...store } } } })
}

async function backends(t: Scope, ...names: readonly string[]): Promise<readonly Backend[]> {
  return Promise.all(names.map((name) => startBackend(t, { name })))
}

/** A route with STICKY to backends of these names, all of which are destinations. */
function stickyTo(base: SnapshotBuilder, all: readonly Backend[], weights: object, settings: object = {}) {
  const destinations = Object.entries(weights).map(([destinationId, weight]) => ({ destinationId, weight }))
  const forward = { destinations, destinationBalancing: { algorithm: 'STICKY' as const, sticky: settings } }
  const withAll = all.reduce((config, { name, address }) => config.destination(name, address), base)
  return withAll.route('shop', { name: 'shop', match: { pathPrefix: '/' }, forward })
}

/** The state of the session store as the proxy's metrics tell it. */
async function storeUp({ adminUrl }: ProxyProgram): Promise<boolean | undefined> {
  const value = /^vrata_session_store_up (\d)$/m.exec((await ask(`${adminUrl}/metrics`)).body)?.[1]
  return value === undefined ? undefined : value === '1'
}

const whenStore = (proxy: ProxyProgram, up: boolean) =>
  eventually(`the session store to be ${up ? 'up' : 'down'}`, async () => (await storeUp(proxy)) === up)

/** Lines about the session store, in short. */
function told({ program }: ProxyProgram): string[] {
  return program.logs.filter(({ msg }) => msg.startsWith('session store')).map(({ msg }) => msg.split(':')[0] ?? '')
}

const up = 'session store is up'
const down = 'session store is down'
const readOnly = 'session store takes no writes'

test('pinned clients stay over changes of weights, restarts and proxies; a destination that goes moves its own alone', {
  skip,
}, async (t) => {
  const redis = await startRedis(t)
  const first = await gatewayWith(t, redis.address)
  const second = await gatewayWith(t, redis.address)
  const all = await backends(t, 'blue', 'green', 'red')
  const activate = async (weights: object) => {
    await Promise.all([first, second].map((gateway) => gateway.activate(stickyTo(gateway.base, all, weights))))
  }
  await activate({ blue: 80, green: 20 })
  const clients = newClients(120)
  const placed = await visits(clients, first.url)
  assert.ok(Math.abs(shareOf(placed, 'blue') - 0.8) < 0.22, `${shareOf(placed, 'blue')}`)
  assert.ok(clients.every(({ given }) => given === 1))
  const [someone] = clients
  assert.match(someone?.cookies.get(pin) ?? '', /^[0-9a-f]{32}$/)
  assert.equal(someone?.attributes.get(pin), 'Path=/; Max-Age=3600; HttpOnly; SameSite=Lax')
  const key = `vrata:sticky:${someone?.cookies.get(pin)}:shop`
  assert.equal(await redis.command('GET', key), placed[0])
  const left = Number(await redis.command('PTTL', key))
  assert.ok(left > 3_500_000 && left <= 3_600_000, `${left}`)

  for (const weights of [
    { blue: 0, green: 100 },
    { blue: 50, green: 50 },
    { red: 98, blue: 1, green: 1 },
    { green: 100, blue: 0, red: 0 },
  ]) {
    await activate(weights)
    assert.deepEqual(await visits(clients, first.url), placed)
    assert.deepEqual(await visits(clients, second.url), placed, 'the other proxy agrees')
  }
  assert.ok(
    clients.every(({ given }) => given === 1),
    'the cookie is given once',
  )
  const fresh = await visits(newClients(20), second.url)
  assert.deepEqual(new Set(fresh), new Set(['green']), 'new clients follow the weights')

  await first.proxy.program.kill()
  await first.proxy.restart()
  await first.proxy.ready()
  assert.deepEqual(await visits(clients, first.url), placed, 'a proxy that starts anew finds them')

  await activate({ green: 50, red: 50 })
  const moved = await visits(clients, first.url)
  for (const [at, target] of moved.entries()) {
    if (placed[at] === 'green') assert.equal(target, 'green')
    else assert.notEqual(target, 'blue')
  }
  const orphans = moved.filter((_, at) => placed[at] === 'blue')
  assert.ok(shareOf(orphans, 'red') > 0.2 && shareOf(orphans, 'red') < 0.8, `${shareOf(orphans, 'red')}`)
  await activate({ green: 1, red: 98, blue: 1 })
  assert.deepEqual(await visits(clients, second.url), moved, 'they stay where they went')
})

test('a destination of which nothing can be sent to is passed by, and the pin waits for it', { skip }, async (t) => {
  if (await isEveryNameKnown()) return t.skip('here every name has an address')
  const redis = await startRedis(t)
  const { url, base, activate } = await gatewayWith(t, redis.address)
  const [blue, green] = await backends(t, 'blue', 'green')
  assert.ok(blue && green)
  const config = stickyTo(base, [blue, green], { blue: 50, green: 50 })
  await activate(config)
  const clients = newClients(30)
  const placed = await visits(clients, url)
  // A name that cannot be resolved has no endpoint.
  const [, port] = blue.address.split(':')
  await activate(config.destination('blue', `${unknownName}:${port}`))
  await eventually('blue to be passed by', async () => (await visits(clients, url)).every((name) => name === 'green'))
  await activate(config)
  assert.deepEqual(await visits(clients, url), placed)
})

test('who comes back late in his time gets it anew', { skip }, async (t) => {
  const redis = await startRedis(t)
  const { url, base, activate } = await gatewayWith(t, redis.address)
  const all = await backends(t, 'blue', 'green')
  await activate(stickyTo(base, all, { blue: 50, green: 50 }, { cookie: { name: 'mine', ttl: '10m' } }))
  const client = new StickyClient()
  await client.visit(url)
  assert.match(client.attributes.get('mine') ?? '', /Max-Age=600;/)
  const key = `vrata:sticky:${client.cookies.get('mine')}:shop`
  await redis.command('PEXPIRE', key, '299000')
  await client.visit(url)
  assert.equal(client.given, 2)
  await eventually('the pin to be extended', async () => Number(await redis.command('PTTL', key)) > 500_000)
})

test('two proxies that pin the same client at once agree', { skip }, async (t) => {
  const redis = await startRedis(t)
  const one = await gatewayWith(t, redis.address)
  const other = await gatewayWith(t, redis.address)
  const all = await backends(t, 'blue', 'green')
  // Different weights, as in the moment of an activation: by themselves they would choose differently.
  await one.activate(stickyTo(one.base, all, { blue: 100, green: 0 }))
  await other.activate(stickyTo(other.base, all, { blue: 0, green: 100 }))
  const visit = async ({ url }: Gateway, id: string) => (await ask(url, { headers: { cookie: `${pin}=${id}` } })).body
  const ids = (kind: string) => Array.from({ length: 30 }, (_, at) => `${kind}-${at}-0123456789abcdef`)
  for (const id of ids('one')) assert.deepEqual([await visit(one, id), await visit(other, id)], ['blue\n', 'blue\n'])
  for (const id of ids('other'))
    assert.deepEqual([await visit(other, id), await visit(one, id)], ['green\n', 'green\n'])
  const pairs = await Promise.all(ids('both').map((id) => Promise.all([visit(one, id), visit(other, id)])))
  assert.ok(pairs.every(([left, right]) => left === right))
})

test('two routes with one cookie pin independently', { skip }, async (t) => {
  const redis = await startRedis(t)
  const { url, base, activate } = await gatewayWith(t, redis.address)
  const all = await backends(t, 'blue', 'green')
  const shop = stickyTo(base, all, { blue: 100, green: 0 })
  const both = shop.forward(
    'blog',
    '/blog',
    { blue: 0, green: 100 },
    {
      forward: {
        destinations: [
          { destinationId: 'blue', weight: 0 },
          { destinationId: 'green', weight: 100 },
        ],
        destinationBalancing: { algorithm: 'STICKY' },
      },
    },
  )
  await activate(both)
  const client = new StickyClient()
  assert.equal(await client.visit(url), 'blue')
  assert.equal(await client.visit(`${url}/blog`), 'green')
  assert.equal(client.cookies.size, 1)
  assert.equal(await client.visit(url), 'blue')
})

test('endpoints: clients are pinned to one, also when others come', { skip }, async (t) => {
  const redis = await startRedis(t)
  const { url, base, activate } = await gatewayWith(t, redis.address)
  const all = await backends(t, 'one', 'two', 'three', 'four')
  const to = (...some: readonly Backend[]) =>
    base
      .destination('a', 'service.test:80', {
        endpoints: some.map(({ port }) => ({ host: '127.0.0.1', port })),
        options: { endpointBalancing: { algorithm: 'STICKY' } },
      })
      .forward('all', '/', 'a')
  await activate(to(...all.slice(0, 2)))
  const clients = newClients(40)
  const placed = await visits(clients, url)
  assert.equal(new Set(placed).size, 2)
  const [client] = clients
  const id = client?.cookies.get('_vrata_endpoint_pin')
  const address = all.find(({ name }) => name === placed[0])?.address
  assert.equal(await redis.command('GET', `vrata:sticky:${id}:a:ep`), address)
  await activate(to(...all))
  assert.deepEqual(await visits(clients, url), placed)
})

test('Redis is killed under load: no request fails or waits long, clients stay by their cookie, and it is found again', {
  skip,
}, async (t) => {
  const redis = await startRedis(t)
  const { proxy, url, base, activate } = await gatewayWith(t, redis.address)
  const all = await backends(t, 'blue', 'green')
  await activate(stickyTo(base, all, { blue: 50, green: 50 }))
  await whenStore(proxy, true)
  const clients = newClients(40)
  const placed = await visits(clients, url)
  const slowest = await underLoad(url, async () => {
    await redis.program.kill()
    await whenStore(proxy, false)
    for (let round = 0; round < 5; round++) assert.deepEqual(await visits(clients, url), placed)
    const newcomers = newClients(20)
    const where = await visits(newcomers, url)
    assert.deepEqual(await visits(newcomers, url), where, 'new clients are kept by hash')
    await redis.restart()
    await whenStore(proxy, true)
    assert.deepEqual(await visits(clients, url), placed)
    assert.deepEqual(await visits(newcomers, url), where)
    const [newcomer] = newcomers
    assert.equal(await redis.command('GET', `vrata:sticky:${newcomer?.cookies.get(pin)}:shop`), where[0])
  })
  assert.ok(slowest < 30_000, `no request waits for the 60 s that it may: the slowest took ${slowest} ms`)
  assert.deepEqual(told(proxy), [up, down, up])
})

test('Redis is not there at the start: requests go on by cookie, and it is used as soon as it comes', {
  skip,
}, async (t) => {
  const redis = await startRedis(t)
  await redis.program.kill()
  const { proxy, url, base, activate } = await gatewayWith(t, redis.address)
  const all = await backends(t, 'blue', 'green')
  await activate(stickyTo(base, all, { blue: 50, green: 50 }))
  assert.equal(await storeUp(proxy), false)
  const clients = newClients(40)
  const placed = await visits(clients, url)
  assert.equal(new Set(placed).size, 2)
  assert.deepEqual(await visits(clients, url), placed)
  await redis.restart()
  await whenStore(proxy, true)
  assert.deepEqual(await visits(clients, url), placed)
  assert.equal(await redis.command('DBSIZE'), clients.length)
  assert.deepEqual(told(proxy), [down, up])
})

test('Redis stands still, and Redis is slow: a few requests wait their limit, the others nothing', {
  skip,
}, async (t) => {
  const redis = await startRedis(t)
  const relay = await startRelay(t, redis.port)
  const { proxy, url, base, activate } = await gatewayWith(t, relay.address, { timeout: '2s' })
  const all = await backends(t, 'blue', 'green')
  await activate(stickyTo(base, all, { blue: 50, green: 50 }))
  await whenStore(proxy, true)
  const clients = newClients(20)
  const placed = await visits(clients, url)
  const troubles: readonly (readonly [() => void, () => void])[] = [
    [redis.freeze, redis.thaw],
    [() => Object.assign(relay, { delay: 90_000 }), () => Object.assign(relay, { delay: 0 })],
  ]
  const questions = () => relay.heard.match(/\r\nget\r\n/gi)?.length ?? 0
  for (const [begin, end] of troubles) {
    const before = questions()
    begin()
    const begun = performance.now()
    assert.deepEqual(await visits(clients, url), placed)
    assert.ok(performance.now() - begun < 60_000, 'nobody waits for the answer, which takes 90 s or never comes')
    await whenStore(proxy, false)
    const asked = questions()
    assert.ok(asked > before)
    for (let round = 0; round < 3; round++) assert.deepEqual(await visits(clients, url), placed)
    assert.equal(questions(), asked, 'nobody asks any more')
    end()
    await whenStore(proxy, true)
  }
  assert.deepEqual(told(proxy), [up, down, up, down, up])
})

test('Redis becomes a replica: pinned clients stay, new ones go by cookie, and one line tells', { skip }, async (t) => {
  const redis = await startRedis(t)
  const { proxy, url, base, activate } = await gatewayWith(t, redis.address)
  const all = await backends(t, 'blue', 'green')
  await activate(stickyTo(base, all, { blue: 100, green: 0 }))
  const clients = newClients(10)
  await visits(clients, url)
  await activate(stickyTo(base, all, { blue: 0, green: 100 }))
  const other = await startRedis(t, { settings: ['--repl-diskless-sync-delay', '0'] })
  await copyPins(redis, other)
  await redis.command('REPLICAOF', '127.0.0.1', String(other.port))
  await eventually('it to follow', async () => /^master_link_status:up\r$/m.test(String(await redis.command('INFO'))))
  const newcomers = newClients(10)
  const where = await visits(newcomers, url)
  await whenStore(proxy, false)
  assert.deepEqual(new Set(await visits(clients, url)), new Set(['blue']), 'pins are still read')
  assert.deepEqual(await visits(newcomers, url), where)
  await redis.command('REPLICAOF', 'NO', 'ONE')
  await whenStore(proxy, true)
  assert.deepEqual(await visits(newcomers, url), where)
  assert.equal(await redis.command('DBSIZE'), clients.length + newcomers.length)
  assert.deepEqual(told(proxy), [up, readOnly, up])
})

/** A server that becomes a replica takes over what its master has. */
async function copyPins(from: RedisServer, to: RedisServer): Promise<void> {
  const keys = await from.command('KEYS', '*')
  assert.ok(Array.isArray(keys))
  for (const key of keys) {
    await to.command('SET', String(key), String(await from.command('GET', String(key))), 'PX', '3600000')
  }
}

/** Runs `during` while requests without cookies come; none may fail. Answers the longest time of one, in milliseconds. */
async function underLoad(url: string, during: () => Promise<void>): Promise<number> {
  let slowest = 0
  let watching = true
  const watch = async (): Promise<void> => {
    while (watching) {
      const begun = performance.now()
      assert.equal((await ask(url)).status, 200)
      slowest = Math.max(slowest, performance.now() - begun)
    }
  }
  const watched = watch()
  const load = startLoad({ url, clients: 4, pause: 5, check: (status) => (status === 200 ? undefined : `${status}`) })
  try {
    await during()
  } finally {
    watching = false
    await watched
  }
  const { failures, answered } = await load.stop()
  assert.deepEqual(failures, [])
  assert.ok(answered > 0)
  return slowest
}
