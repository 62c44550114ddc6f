import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import {
  type Answer,
  ask,
  type Backend,
  echo,
  eventually,
  freePort,
  oneConnection,
  rawExchange,
  type SnapshotBuilder,
  snapshot,
  startBackend,
} from '@vrata/testkit'
import type { Pin, Unanswered } from '../sessions/session-store.ts'
import { type InProcessProxy, startInProcess } from '../testing/in-process.ts'
import { MemorySessions } from '../testing/memory-sessions.ts'

const pinName = '_vrata_destination_pin'
const endpointsOf = (backends: readonly Backend[]) => backends.map(({ port }) => ({ host: '127.0.0.1', port }))

const balanced = (algorithm: string, settings: object = {}) => ({
  destinationBalancing: { algorithm, ...settings } as object,
})

function toBoth(builder: SnapshotBuilder, balancing: object): SnapshotBuilder {
  return builder.forward('all', '/', { a: 50, b: 50 }, { forward: { destinations: halves('a', 'b'), ...balancing } })
}

function halves(...ids: readonly string[]): { destinationId: string; weight: number }[] {
  return ids.map((destinationId) => ({ destinationId, weight: 50 }))
}

/** Names and values of the cookies that an answer sets. */
function cookies({ headers }: Answer): readonly (readonly [string, string])[] {
  return (headers['set-cookie'] ?? []).map((line) => {
    const [pair = ''] = line.split(';')
    const [name = '', value = ''] = pair.split('=')
    return [name, value]
  })
}

function inFlight(proxy: InProcessProxy, destination: string): number[] {
  const { endpoints = [] } = proxy.activation.gateway?.destinations.get(destination) ?? {}
  return endpoints.map((endpoint) => endpoint.inFlight.count)
}

test('a cookie that is made goes out with every kind of answer, once, with all its attributes', async (t) => {
  const backend = await startBackend(t, {
    handler: (_request, response) => void response.writeHead(200, { 'set-cookie': 'own=1' }).end('ok'),
    onUpgrade: (_request, socket) =>
      void socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n'),
  })
  const dead = `127.0.0.1:${await freePort()}`
  const proxy = await startInProcess(t, (builder) => {
    const both = builder.destination('a', backend.address).destination('b', backend.address)
    const gone = both.destination('c', dead).destination('d', dead)
    return toBoth(gone, balanced('WEIGHTED_CONSISTENT_HASH')).route('dead', {
      name: 'dead',
      match: { pathPrefix: '/dead' },
      forward: { destinations: halves('c', 'd'), ...balanced('WEIGHTED_CONSISTENT_HASH') },
    })
  })
  const expected = new RegExp(`^${pinName}=[0-9a-f]{32}; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax$`)
  const ok = await ask(proxy.url)
  assert.equal(ok.headers['set-cookie']?.length, 2)
  assert.equal(ok.headers['set-cookie']?.[0], 'own=1')
  assert.match(ok.headers['set-cookie']?.[1] ?? '', expected)
  const failed = await ask(`${proxy.url}/dead`)
  assert.equal(failed.status, 502)
  assert.match(failed.headers['set-cookie']?.join() ?? '', expected)
  const head = `GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n`
  assert.match(
    await rawExchange(proxy.port, head),
    new RegExp(`101 [^]*\r\nset-cookie: ${expected.source.slice(1, -1)}\r`, 'i'),
  )
  const known = await ask(proxy.url, { headers: { cookie: `${pinName}=${cookies(ok)[1]?.[1]}` } })
  assert.deepEqual(known.headers['set-cookie'], ['own=1'])
})

test('both levels by the same cookie make one session', async (t) => {
  const backends = [await startBackend(t), await startBackend(t)]
  const sessions = new MemorySessions()
  const options = { endpointBalancing: { algorithm: 'STICKY' as const, sticky: { cookie: { name: pinName } } } }
  const fields = { endpoints: endpointsOf(backends), options }
  const proxy = await startInProcess(
    t,
    (builder) =>
      toBoth(builder.destination('a', 'x.test:1', fields).destination('b', 'y.test:1', fields), balanced('STICKY')),
    { gateway: { sessions } },
  )
  const answer = await ask(proxy.url)
  assert.equal(answer.status, 200)
  const [[, id = ''] = [], ...others] = cookies(answer)
  assert.deepEqual(others, [])
  const target = sessions.target(`vrata:sticky:${id}:all`)
  assert.ok(target === 'a' || target === 'b')
  assert.match(sessions.target(`vrata:sticky:${id}:${target}:ep`) ?? '', /^127\.0\.0\.1:\d+$/)
})

/** A store whose answers the test lets go. */
class GatedSessions extends MemorySessions {
  gate = Promise.withResolvers<void>()
  waiting = 0

  override async read(key: string): Promise<Pin | undefined | Unanswered> {
    this.waiting++
    await this.gate.promise
    return super.read(key)
  }
}

test('while the store is asked, a body waits and nothing is lost of it; who leaves is not forwarded', async (t) => {
  const backend = await startBackend(t, { handler: echo })
  const sessions = new GatedSessions()
  const proxy = await startInProcess(
    t,
    (builder) =>
      toBoth(builder.destination('a', backend.address).destination('b', backend.address), balanced('STICKY')),
    { gateway: { sessions } },
  )
  const headers = { cookie: `${pinName}=ann-0123456789-ann` }
  const body = 'x'.repeat(300_000)
  const answer = ask(proxy.url, { method: 'POST', headers, body })
  const leaver = connect(proxy.port, '127.0.0.1')
  leaver.on('error', () => undefined)
  leaver.write(`GET /left HTTP/1.1\r\nHost: x\r\nCookie: ${headers.cookie}\r\n\r\n`)
  await eventually('both to be asked for', () => sessions.waiting === 2)
  assert.equal(backend.requests.length, 0)
  leaver.resetAndDestroy()
  await eventually('the gateway to notice', () => proxy.activation.gateway?.exchanges.size === 1)
  sessions.gate.resolve()
  assert.equal(JSON.parse((await answer).body).body, body)
  assert.deepEqual(
    backend.requests.map(({ url }) => url),
    ['/'],
  )
  await eventually(
    'the counts to be given back',
    () => [...inFlight(proxy, 'a'), ...inFlight(proxy, 'b')].join() === '0,0',
  )
})

test('a mistake while choosing is answered by 500', async (t) => {
  const backend = await startBackend(t)
  const sessions = new MemorySessions()
  sessions.read = () => Promise.reject(new Error('broken promise'))
  const proxy = await startInProcess(
    t,
    (builder) =>
      toBoth(builder.destination('a', backend.address).destination('b', backend.address), balanced('STICKY')),
    { gateway: { sessions } },
  )
  const answer = await ask(proxy.url, { headers: { cookie: `${pinName}=ann-0123456789-ann` } })
  assert.equal(answer.status, 500)
  assert.ok(proxy.log.some(({ msg }) => msg === 'mistake'))
})

test('least request: a slow endpoint gets few requests; however requests end, no count is left', async (t) => {
  const answering = (after: Promise<void>) =>
    startBackend(t, {
      handler: async (request, response) => {
        if (request.url === '/hang') return
        if (request.url === '/cut') return void request.socket.destroy()
        await after
        response.end('ok')
      },
    })
  // So slow that it answers when all is over, or when it was asked so often that this has failed.
  const over = Promise.withResolvers<void>()
  const few = 15
  const quick = Promise.resolve()
  const backends = [await answering(over.promise), ...(await Promise.all([1, 2, 3, 4].map(() => answering(quick))))]
  const [slow] = backends
  assert.ok(slow)
  const proxy = await startInProcess(t, (builder) =>
    builder
      .destination('a', 'x.test:1', {
        endpoints: endpointsOf(backends),
        options: { endpointBalancing: { algorithm: 'LEAST_REQUEST' } },
      })
      .forward('all', '/', 'a'),
  )
  const clients = Array.from({ length: 20 }, () => oneConnection())
  t.after(() => clients.forEach((agent) => void agent.destroy()))
  let sent = 0
  await Promise.all(
    clients.map(async (agent) => {
      while (sent < 2_000) {
        sent++
        if (slow.requests.length > few) over.resolve()
        assert.equal((await ask(proxy.url, { agent })).status, 200)
      }
      over.resolve()
    }),
  )
  assert.ok(slow.requests.length <= few, `${slow.requests.length} of ${sent}`)
  for (let cut = 0; cut < 10; cut++) assert.equal((await ask(`${proxy.url}/cut`)).status, 502)
  const hanging = Array.from({ length: 10 }, () => {
    const socket = connect(proxy.port, '127.0.0.1', () => socket.write('GET /hang HTTP/1.1\r\nHost: x\r\n\r\n'))
    return socket.on('error', () => undefined)
  })
  await eventually('all to hang', () => inFlight(proxy, 'a').reduce((sum, count) => sum + count, 0) === 10)
  for (const socket of hanging) socket.resetAndDestroy()
  await eventually('all counts to be 0', () => inFlight(proxy, 'a').every((count) => count === 0))
})

test('rounds, counts and pins go on over activations, changed settings and changed endpoints', async (t) => {
  const held = Promise.withResolvers<void>()
  const backends = await Promise.all(
    ['one', 'two', 'three'].map((name) =>
      startBackend(t, {
        name,
        handler: async (request, response) => {
          if (request.url === '/hold') await held.promise
          response.end(name)
        },
      }),
    ),
  )
  const [one, two, three] = endpointsOf(backends)
  assert.ok(one && two && three)
  const configured =
    (endpoints: object[], options: object = {}) =>
    (builder: SnapshotBuilder) =>
      builder.destination('a', 'x.test:1', { endpoints: endpoints as (typeof one)[], options }).forward('all', '/', 'a')
  const proxy = await startInProcess(t, configured([one, two]))
  const base = snapshot().listener('main', proxy.port, { drainTimeout: '0s' })
  const agent = oneConnection()
  t.after(() => agent.destroy())
  const next = async () => (await ask(proxy.url, { agent })).body

  assert.equal(await next(), 'one')
  await proxy.apply(configured([one, two], { timeouts: { request: '9s' } })(base))
  assert.equal(await next(), 'two')
  assert.equal(await next(), 'one')
  const connections = backends.map((backend) => backend.connections())
  assert.deepEqual(connections, [1, 1, 0], 'connections are kept')

  const holding = ask(`${proxy.url}/hold`) // goes to two
  await eventually('it to be under way', () => inFlight(proxy, 'a').join() === '0,1')
  await proxy.apply(configured([one, two, three])(base))
  assert.deepEqual(inFlight(proxy, 'a'), [0, 1, 0], 'counts are kept')
  assert.deepEqual([await next(), await next()], ['one', 'two'])
  await proxy.apply(configured([one, three])(base))
  assert.deepEqual([await next(), await next(), await next()].toSorted(), ['one', 'one', 'three'].toSorted())
  held.resolve()
  assert.equal((await holding).body, 'two', 'what was under way ends in peace')
  await eventually('connections of what is gone to close', () => backends[1]?.connections() === 0)
})

test('a limit of connections that changes counts at once, also on the way back', async (t) => {
  const backend = await startBackend(t, { handler: () => undefined })
  const limited = (limit: number) => (builder: SnapshotBuilder) =>
    builder.destination('a', backend.address, { options: { maxConnsPerHost: limit } }).forward('all', '/', 'a')
  const proxy = await startInProcess(t, limited(1))
  const base = snapshot().listener('main', proxy.port, { drainTimeout: '0s' })
  const sockets = Array.from({ length: 4 }, () => connect(proxy.port, '127.0.0.1').on('error', () => undefined))
  t.after(() => sockets.forEach((socket) => void socket.destroy()))
  for (const socket of sockets) socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await eventually('one to get through', () => backend.requests.length === 1)
  await proxy.apply(limited(2)(base))
  await eventually('another one to get through', () => backend.requests.length === 2)
  // The first snapshot's requests are still open, so its destination is still there and must not be found as it was.
  await proxy.apply(limited(1)(base))
  await proxy.apply(limited(3)(base))
  await eventually('a third one to get through', () => backend.requests.length === 3)
  for (const socket of sockets) {
    socket.destroy()
    await once(socket, 'close')
  }
})
