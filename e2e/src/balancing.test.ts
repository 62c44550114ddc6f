import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ask,
  type Backend,
  eventually,
  oneConnection,
  type Scope,
  type SnapshotBuilder,
  startBackend,
} from '@vrata/testkit'
import { startGateway } from '../gateway.ts'
import {
  endpointsOf,
  isEveryNameKnown,
  newClients,
  type StickyClient,
  shareOf,
  unknownName,
  visits,
} from '../sticky.ts'

async function backends(t: Scope, ...names: readonly string[]): Promise<readonly Backend[]> {
  return Promise.all(names.map((name) => startBackend(t, { name })))
}

/** The bodies of so many requests, one after the other on one connection. */
async function inTurn(t: Scope, url: string, count: number): Promise<string[]> {
  const agent = oneConnection()
  t.after(() => agent.destroy())
  const bodies: string[] = []
  for (let request = 0; request < count; request++) bodies.push((await ask(url, { agent })).body.trim())
  return bodies
}

/** Visits in groups, so that a machine with few cores is not asked for everything at once. */
async function placed(clients: readonly StickyClient[], url: string): Promise<string[]> {
  const found: string[] = []
  for (let at = 0; at < clients.length; at += 50) found.push(...(await visits(clients.slice(at, at + 50), url)))
  return found
}

function tally(list: readonly string[]): Record<string, number> {
  return Object.fromEntries([...Map.groupBy(list, (one) => one)].map(([one, all]) => [one, all.length]))
}

function hashed(base: SnapshotBuilder, all: readonly Backend[], weights: Readonly<Record<string, number>>) {
  const destinations = Object.entries(weights).map(([destinationId, weight]) => ({ destinationId, weight }))
  const destinationBalancing = { algorithm: 'WEIGHTED_CONSISTENT_HASH' as const }
  return all
    .reduce((config, { name, address }) => config.destination(name, address), base)
    .route('shop', { name: 'shop', match: { pathPrefix: '/' }, forward: { destinations, destinationBalancing } })
}

test('destinations by weight: shares, and nothing for weight 0', async (t) => {
  const { url, base, activate } = await startGateway(t)
  const [blue, green, red] = await backends(t, 'blue', 'green', 'red')
  assert.ok(blue && green && red)
  const config = [blue, green, red].reduce((one, { name, address }) => one.destination(name, address), base)
  await activate(config.forward('all', '/', { blue: 80, green: 20, red: 0 }))
  const answers = await inTurn(t, url, 2_000)
  assert.ok(Math.abs(shareOf(answers, 'blue') - 0.8) < 0.05, `${shareOf(answers, 'blue')}`)
  assert.equal(red.requests.length, 0)
})

test('destinations by hash of a cookie: the same on every proxy and after a restart; changes move few, one way', async (t) => {
  const first = await startGateway(t)
  const second = await startGateway(t)
  const all = await backends(t, 'blue', 'green')
  const activate = (weights: Readonly<Record<string, number>>) =>
    Promise.all([first, second].map((gateway) => gateway.activate(hashed(gateway.base, all, weights))))
  await activate({ blue: 80, green: 20 })
  const clients = newClients(400)
  const before = await placed(clients, first.url)
  assert.ok(Math.abs(shareOf(before, 'blue') - 0.8) < 0.12, `${shareOf(before, 'blue')}`)
  const [client] = clients
  assert.match(client?.cookies.get('_vrata_destination_pin') ?? '', /^[0-9a-f]{32}$/)
  assert.equal(client?.attributes.get('_vrata_destination_pin'), 'Path=/; Max-Age=3600; HttpOnly; SameSite=Lax')
  assert.deepEqual(await placed(clients, second.url), before, 'another proxy')
  await first.proxy.program.kill()
  await first.proxy.restart()
  await first.proxy.ready()
  assert.deepEqual(await placed(clients, first.url), before, 'the proxy started anew')

  await activate({ blue: 60, green: 40 })
  const after = await placed(clients, first.url)
  const moved = before.filter((target, at) => after[at] !== target)
  assert.ok(moved.length / clients.length < 0.34, `${moved.length} of ${clients.length}`)
  assert.deepEqual(new Set(moved), new Set(['blue']))

  if (await isEveryNameKnown()) return t.diagnostic('not tried without blue: here every name has an address')
  const dead = hashed(first.base, all, { blue: 60, green: 40 }).destination('blue', `${unknownName}:80`)
  await first.activate(dead)
  await eventually('nobody to go to blue', async () =>
    (await placed(clients, first.url)).every((one) => one === 'green'),
  )
  await first.activate(hashed(first.base, all, { blue: 60, green: 40 }))
  assert.deepEqual(await placed(clients, first.url), after, 'exactly those come back')
  assert.ok(
    clients.every(({ given }) => given === 1),
    'the cookie is given once',
  )
})

test('endpoints in turn: 4 endpoints get 100 of 400 requests each, also over an activation', async (t) => {
  const { url, base, activate } = await startGateway(t)
  const all = await backends(t, '1', '2', '3', '4')
  const config = base.destination('a', 'service.test:80', { endpoints: endpointsOf(all) }).forward('all', '/', 'a')
  await activate(config)
  const first = await inTurn(t, url, 201)
  await activate(config.respond('other', '/other', 'x'))
  const second = await inTurn(t, url, 199)
  assert.deepEqual(tally([...first, ...second]), { 1: 100, 2: 100, 3: 100, 4: 100 })
})

for (const [algorithm, key, strays] of [
  ['RING_HASH', 'ringHash', 0],
  ['MAGLEV', 'maglev', 0.03],
] as const) {
  test(`endpoints by ${algorithm} of a header: one that leaves moves its own alone, and they come back`, async (t) => {
    const { url, base, activate } = await startGateway(t)
    const all = await backends(t, '1', '2', '3', '4', '5')
    const to = (...some: readonly Backend[]) =>
      base
        .destination('a', 'service.test:80', {
          endpoints: endpointsOf(some),
          options: { endpointBalancing: { algorithm, [key]: { hashPolicy: [{ header: { name: 'X-User' } }] } } },
        })
        .forward('all', '/', 'a')
    const agent = oneConnection()
    t.after(() => agent.destroy())
    const users = async () => {
      const found: string[] = []
      for (let user = 0; user < 500; user++) {
        found.push((await ask(url, { agent, headers: { 'x-user': `user-${user}` } })).body.trim())
      }
      return found
    }
    await activate(to(...all))
    const before = await users()
    assert.deepEqual(await users(), before)
    await activate(to(...all.slice(0, 4)))
    const without = await users()
    const moved = before.filter((target, at) => target !== '5' && without[at] !== target)
    assert.ok(moved.length / before.length <= strays, `${moved.length}`)
    assert.ok(!without.includes('5'))
    await activate(to(...all.toReversed()))
    assert.deepEqual(await users(), before)
  })
}

test('what is hashed: the header when it is there, else a cookie that is made; the address is never reached', async (t) => {
  const { url, base, activate } = await startGateway(t)
  const all = await backends(t, '1', '2', '3', '4', '5', '6', '7', '8')
  const hashPolicy = [{ header: { name: 'x-user' } }, { cookie: { name: 'seat', ttl: '30m' } }, { sourceIP: {} }]
  await activate(
    base
      .destination('a', 'service.test:80', {
        endpoints: endpointsOf(all),
        options: { endpointBalancing: { algorithm: 'RING_HASH', ringHash: { hashPolicy } } },
      })
      .forward('all', '/', 'a'),
  )
  const clients = newClients(60)
  const seats = await visits(clients, url)
  assert.ok(new Set(seats).size > 4, 'all come from one address and would sit at one endpoint')
  assert.deepEqual(await visits(clients, url), seats)
  assert.ok(clients.every(({ given }) => given === 1))
  assert.equal(clients[0]?.attributes.get('seat'), 'Path=/; Max-Age=1800; HttpOnly; SameSite=Lax')
  const asAnn = await Promise.all(clients.map((client) => client.visit(url, { headers: { 'x-user': 'ann' } })))
  assert.equal(new Set(asAnn).size, 1)
  const withHeader = await ask(url, { headers: { 'x-user': 'ann' } })
  assert.equal(withHeader.headers['set-cookie'], undefined)
})
