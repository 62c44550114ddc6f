import assert from 'node:assert/strict'
import { lookup } from 'node:dns/promises'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import type { DestinationInput } from '@vrata/model'
import {
  ask,
  type Backend,
  type DnsServer,
  eventually,
  freePort,
  oneConnection,
  type Scope,
  type SnapshotBuilder,
  snapshot,
  startBackend,
  startDnsServer,
} from '@vrata/testkit'
import { systemClock } from '../clock.ts'
import { type NameResolver, SystemResolver } from '../discovery/name-resolver.ts'
import { type InProcessProxy, recordingLogger, startInProcess } from '../testing/in-process.ts'

type Options = NonNullable<DestinationInput['options']>

const host = 'shop.test.example'

/** What a gateway resolves names with: the test's name server, and nothing of this machine. */
function dnsPorts(resolver: NameResolver) {
  return { resolver, clock: systemClock, log: recordingLogger().log, random: () => 0 }
}

function resolverOf(server: DnsServer): NameResolver {
  const system = () => Promise.reject(Object.assign(new Error('not found'), { code: 'ENOTFOUND' }))
  return new SystemResolver({ servers: [server.address], hosts: '/nowhere', system })
}

/** Backends on several addresses and one port, each called by its address. */
async function replicas(t: Scope, ...addresses: readonly string[]): Promise<readonly Backend[]> {
  const port = await freePort()
  return Promise.all(addresses.map((address) => startBackend(t, { name: address, host: address, port })))
}

interface World {
  readonly server: DnsServer
  readonly proxy: InProcessProxy
  readonly base: SnapshotBuilder
  /** Backends that answered `count` requests in turn. */
  readonly answers: (count: number) => Promise<string[]>
}

async function world(
  t: Scope,
  port: number,
  options: Options = {},
  prepare: (server: DnsServer) => void = () => undefined,
): Promise<World> {
  const server = await startDnsServer(t)
  prepare(server)
  const configure = (builder: SnapshotBuilder) =>
    builder.destination('a', `${host}:${port}`, { options }).forward('all', '/', 'a')
  const proxy = await startInProcess(t, configure, { gateway: { dns: dnsPorts(resolverOf(server)) } })
  const agent = oneConnection()
  t.after(() => agent.destroy())
  const answers = async (count: number) => {
    const bodies: string[] = []
    for (let request = 0; request < count; request++) bodies.push((await ask(proxy.url, { agent })).body.trim())
    return bodies
  }
  return { server, proxy, base: configure(snapshot().listener('main', proxy.port, { drainTimeout: '0s' })), answers }
}

test('each address of a name is an endpoint; a first request waits for them', async (t) => {
  const [one] = await replicas(t, '127.0.0.2', '127.0.0.3')
  const { answers, proxy } = await world(t, one?.port ?? 0, {}, (server) =>
    server.set(host, ['127.0.0.3', '127.0.0.2']),
  )
  assert.deepEqual(await answers(4), ['127.0.0.2', '127.0.0.3', '127.0.0.2', '127.0.0.3'])
  assert.deepEqual(
    proxy.activation.gateway?.destinations.get('a')?.endpoints.map(({ address }) => address),
    [`127.0.0.2:${one?.port}`, `127.0.0.3:${one?.port}`],
  )
})

test('addresses that come are used, those that go get nothing new and end what they have', async (t) => {
  const [two, three] = await replicas(t, '127.0.0.2', '127.0.0.3')
  const held = Promise.withResolvers<void>()
  const old = await startBackend(t, {
    host: '127.0.0.4',
    port: two?.port ?? 0,
    handler: async (request, response) => {
      if (request.url === '/hold') await held.promise
      response.end('127.0.0.4')
    },
  })
  const { answers, server, proxy } = await world(t, old.port, { dns: { refresh: '1s' } }, (dns) =>
    dns.set(host, ['127.0.0.4']),
  )
  assert.deepEqual(await answers(2), ['127.0.0.4', '127.0.0.4'])
  const holding = ask(`${proxy.url}/hold`)
  await eventually('it to be under way', () => old.requests.some(({ url }) => url === '/hold'))
  server.set(host, ['127.0.0.2', '127.0.0.3'])
  await eventually('the new addresses to be used', async () => (await answers(1))[0] !== '127.0.0.4')
  const before = old.requests.length
  assert.deepEqual(new Set(await answers(10)), new Set([two?.name, three?.name]))
  assert.equal(old.requests.length, before)
  assert.equal(old.connections(), 1, 'the idle connection is closed, the busy one is not')
  held.resolve()
  assert.equal((await holding).body, '127.0.0.4')
  await eventually('its connection to close', () => old.connections() === 0)
})

test('what was known last is used while nobody answers', async (t) => {
  const [one] = await replicas(t, '127.0.0.2')
  const { answers, server } = await world(t, one?.port ?? 0, { dns: { refresh: '1s' } }, (dns) =>
    dns.set(host, ['127.0.0.2']),
  )
  await answers(1)
  const asked = server.questions.length
  server.fail(host, 'SERVFAIL')
  await eventually('it to be asked again', () => server.questions.length > asked + 1)
  assert.deepEqual(await answers(2), ['127.0.0.2', '127.0.0.2'])
})

test('a name that could never be resolved is 502 dns_failure until it can', async (t) => {
  const [one] = await replicas(t, '127.0.0.2')
  const { server, proxy } = await world(t, one?.port ?? 0)
  const answer = await ask(proxy.url)
  assert.deepEqual([answer.status, JSON.parse(answer.body).error], [502, 'dns_failure'])
  server.set(host, ['127.0.0.2'])
  await eventually('it to be resolved', async () => (await ask(proxy.url)).status === 200)
})

test('of several destinations one without addresses is passed by', async (t) => {
  const [one] = await replicas(t, '127.0.0.2')
  const { proxy, base } = await world(t, one?.port ?? 0)
  assert.equal((await ask(proxy.url)).status, 502)
  await proxy.apply(base.destination('b', one?.address ?? '').forward('all', '/', { a: 90, b: 10 }))
  for (let request = 0; request < 20; request++) assert.equal((await ask(proxy.url)).status, 200)
})

test('a logical name is one endpoint that is resolved when it is connected to', async (t) => {
  const backend = await startBackend(t, { name: 'local' })
  const { server, proxy, base } = await world(t, backend.port, { dns: { mode: 'logical' } })
  assert.equal((await ask(proxy.url)).status, 502)
  const local = base.destination('a', `localhost:${backend.port}`, { options: { dns: { mode: 'logical' } } })
  assert.equal((await proxy.apply(local)).result, 'ok')
  assert.equal((await ask(proxy.url)).body, 'local\n')
  assert.deepEqual(server.questions, [])
  assert.deepEqual(
    proxy.activation.gateway?.destinations.get('a')?.endpoints.map(({ address }) => address),
    [`localhost:${backend.port}`],
  )
})

/** Whether this machine has an address. */
function isHere(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().on('error', () => resolve(false))
    server.listen(0, address, () => server.close(() => resolve(true)))
  })
}

test('localhost works as the default, at whichever of its addresses the server listens', async (t) => {
  const addresses = await lookup('localhost', { all: true })
  // a hosts file may tell of IPv6 where there is none
  const here = (
    await Promise.all(addresses.map(async ({ address }) => ((await isHere(address)) ? address : [])))
  ).flat()
  assert.ok(here.length > 0)
  for (const address of here) {
    const backend = await startBackend(t, { name: address, host: address, port: await freePort() })
    const proxy = await startInProcess(t, (builder) =>
      builder.destination('a', `localhost:${backend.port}`).forward('all', '/', 'a'),
    )
    for (let request = 0; request < 4; request++) assert.equal((await ask(proxy.url)).body, `${address}\n`)
  }
})

test('an activation asks nothing again, and destinations of one host share its look-ups', async (t) => {
  const [one] = await replicas(t, '127.0.0.2')
  const { answers, server, proxy, base } = await world(t, one?.port ?? 0, {}, (dns) => dns.set(host, ['127.0.0.2']))
  await answers(1)
  const asked = server.questions.length
  const more = base
    .destination('a', `${host}:${one?.port}`, { options: { timeouts: { request: '9s' } } })
    .destination('b', `${host}:${one?.port}`)
  await proxy.apply(more)
  await proxy.apply(more.respond('other', '/other', 'x'))
  assert.deepEqual(await answers(1), ['127.0.0.2'])
  assert.equal(server.questions.length, asked)
})

test('a name that nobody uses any more is not asked for', async (t) => {
  const [one] = await replicas(t, '127.0.0.2')
  const { answers, server, proxy, base } = await world(t, one?.port ?? 0, { dns: { refresh: '1s' } }, (dns) =>
    dns.set(host, ['127.0.0.2'], 1),
  )
  await answers(1)
  await proxy.apply(base.destination('a', one?.address ?? ''))
  const longerThanItsTime = () => wait(1_300)
  await longerThanItsTime() // a question may have been under way
  const asked = server.questions.length
  await longerThanItsTime()
  assert.equal(server.questions.length, asked)
  assert.deepEqual(await answers(1), ['127.0.0.2'])
})
