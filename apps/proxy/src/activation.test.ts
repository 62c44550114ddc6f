import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import {
  ask,
  begin,
  eventually,
  fakeClock,
  freePort,
  isFree,
  oneConnection,
  openWebSocket,
  own,
  type Scope,
  scriptedUpstream,
  snapshot,
  startBackend,
  startUpgradeBackend,
} from '@vrata/testkit'
import { documentOf, startInProcess } from './testing/in-process.ts'
import { TimerWheel } from './timer-wheel.ts'

/** Runs the collector, which programs cannot do unless a flag lets them. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}

const closed = { drainTimeout: '0s' }

async function occupied(t: Scope, port: number) {
  const server = createServer((socket) => socket.destroy())
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const release = async () => {
    if (!server.listening) return
    server.close()
    await once(server, 'close')
  }
  own(t, release)
  return release
}

test('everything but address and port is changed on the living socket and on living connections', async (t) => {
  const clock = fakeClock()
  const proxy = await startInProcess(t, (s) => s.respond('r', '/', 'one'), {
    gateway: { timers: new TimerWheel(clock) },
  })
  const agent = oneConnection()
  own(t, () => agent.destroy())
  const first = await ask(proxy.url, { agent })
  assert.equal(first.headers['server'], undefined)
  const changed = snapshot()
    .listener('main', proxy.port, { ...closed, serverName: 'edge', timeouts: { idleBetweenRequests: '500ms' } })
    .respond('r', '/', 'two')
  assert.equal((await proxy.apply(changed)).result, 'ok')
  const second = await ask(proxy.url, { agent })
  assert.equal(second.body, 'two')
  assert.equal(second.headers['server'], 'edge')
  assert.equal(proxy.log.filter(({ msg }) => msg === 'listener opened').length, 1)
  assert.equal(proxy.log.filter(({ msg }) => msg === 'listener changed').length, 1)
  clock.advance(400)
  await turn()
  assert.equal(proxy.activation.listeners.connections, 1)
  clock.advance(200)
  await eventually('the connection to be closed after the new time', () => proxy.activation.listeners.connections === 0)
})

test('a listener that did not change is not even mentioned', async (t) => {
  const proxy = await startInProcess(t, (s) => s.respond('r', '/', 'one'))
  await proxy.apply(snapshot().listener('main', proxy.port, closed).respond('r', '/', 'two'))
  assert.equal(proxy.log.filter(({ msg }) => msg === 'listener changed').length, 0)
})

test('two listeners exchange their ports without a connection being lost', async (t) => {
  const other = await freePort()
  const routes = (one: number, two: number) =>
    snapshot()
      .listener('one', one, closed)
      .listener('two', two, closed)
      .respond('a', '/', 'one', { listenerIds: ['one'] })
      .respond('b', '/', 'two', { listenerIds: ['two'] })
  const proxy = await startInProcess(t, (_s, port) => routes(port, other))
  const agent = oneConnection()
  own(t, () => agent.destroy())
  assert.equal((await ask(proxy.url, { agent })).body, 'one')
  assert.equal((await proxy.apply(routes(other, proxy.port))).result, 'ok')
  assert.equal((await ask(proxy.url, { agent })).body, 'two')
  assert.equal((await ask(`http://127.0.0.1:${other}`)).body, 'one')
  assert.equal(proxy.log.filter(({ msg }) => msg === 'listener draining').length, 0)
})

test('a listener on another port is open before the old one closes', async (t) => {
  const proxy = await startInProcess(t, (s) => s.respond('r', '/', 'x'))
  const port = await freePort()
  await proxy.apply(snapshot().listener('main', port, closed).respond('r', '/', 'x'))
  assert.equal((await ask(`http://127.0.0.1:${port}`)).status, 200)
  await eventually('the old port to be free', () => isFree(proxy.port))
  const order = proxy.log.filter(({ msg }) => String(msg).startsWith('listener ')).map(({ msg }) => msg)
  assert.deepEqual(order, ['listener opened', 'listener opened', 'listener draining', 'listener closed'])
})

test('one address takes the place of all addresses on the same port', async (t) => {
  const proxy = await startInProcess(t, (_s, port) =>
    snapshot()
      .listener('main', port, { ...closed, address: '0.0.0.0' })
      .respond('r', '/', 'all'),
  )
  const applied = await proxy.apply(snapshot().listener('main', proxy.port, closed).respond('r', '/', 'one'))
  assert.deepEqual(applied.problems, [])
  assert.equal((await ask(proxy.url)).body, 'one')
  assert.deepEqual(
    proxy.log.filter(({ level }) => level === 'error'),
    [],
    'what the second attempt does is no failure',
  )
})

test('a port in use degrades the snapshot, names listener and reason, and is bound when it is free', async (t) => {
  let changes = 0
  const proxy = await startInProcess(t, (s) => s.respond('r', '/', 'x'), { onChange: () => changes++ })
  const port = await freePort()
  const release = await occupied(t, port)
  const both = snapshot().listener('main', proxy.port, closed).listener('second', port, closed).respond('r', '/', 'y')
  const applied = await proxy.apply(both)
  assert.equal(applied.result, 'degraded')
  const [problem] = applied.problems
  assert.deepEqual(problem?.entity, { kind: 'listener', id: 'second', name: 'second' })
  assert.equal(problem?.pointer, '/port')
  assert.match(problem?.message ?? '', /EADDRINUSE/)
  assert.equal((await ask(proxy.url)).body, 'y', 'the other listener serves the new snapshot')
  await release()
  await eventually('the listener to be bound', () => proxy.activation.state.result === 'ok')
  assert.equal((await ask(`http://127.0.0.1:${port}`)).body, 'y')
  assert.equal(changes, 1)
})

test('a listener that could not be bound and is not wanted any more is given up', async (t) => {
  const proxy = await startInProcess(t, (s) => s.respond('r', '/', 'x'))
  const port = await freePort()
  const release = await occupied(t, port)
  const only = snapshot().listener('main', proxy.port, closed).respond('r', '/', 'x')
  assert.equal((await proxy.apply(only.listener('second', port, closed))).result, 'degraded')
  assert.equal((await proxy.apply(only)).result, 'ok')
  await release()
  assert.ok(await isFree(port))
})

test('a snapshot that does not compile changes nothing and says why', async (t) => {
  const proxy = await startInProcess(t, (s) => s.respond('r', '/', 'x'))
  const before = proxy.activation.gateway
  const broken = snapshot().listener('main', proxy.port).forward('r', '/', 'missing')
  const applied = await proxy.apply(broken)
  assert.equal(applied.result, 'error')
  assert.equal(applied.problems[0]?.entity.id, 'r')
  assert.ok(applied.problems.every(({ severity }) => severity === 'error'))
  assert.equal(proxy.activation.gateway, before)
  assert.equal((await ask(proxy.url)).body, 'x')
})

test('what has no behaviour yet is refused, not ignored', async (t) => {
  const proxy = await startInProcess(t, (s) => s.respond('r', '/', 'x'))
  const policy = snapshot()
    .listener('main', proxy.port)
    .middleware('limit', 'rateLimit', {})
    .respond('r', '/', 'open', { middlewareIds: ['limit'] })
  assert.equal((await proxy.apply(policy)).result, 'error')
  assert.equal((await ask(proxy.url)).body, 'x')
})

test('the same hash builds nothing anew', async (t) => {
  const proxy = await startInProcess(t, (s) => s.respond('r', '/', 'x'))
  const { gateway } = proxy.activation
  const again = { ...documentOf(snapshot().config, 7), hash: gateway?.identity.hash ?? '' }
  assert.deepEqual(await proxy.activation.apply(again), { result: 'ok', problems: [], applyMs: 0 })
  assert.equal(proxy.activation.gateway, gateway)
  assert.equal(gateway?.identity.seq, 7)
})

test('a request in flight ends with the table it began with', async (t) => {
  const arrived = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  const upstream = await scriptedUpstream(t, async (peer) => {
    await peer.requestHead()
    arrived.resolve()
    await go.promise
    await peer.write('HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nold')
    await peer.closed()
  })
  const proxy = await startInProcess(t, (s) => s.destination('d', upstream.address).forward('r', '/', 'd'))
  const old = proxy.activation.gateway
  const answer = ask(proxy.url)
  await arrived.promise
  await proxy.apply(snapshot().listener('main', proxy.port, closed).respond('r', '/', 'new'))
  assert.equal((await ask(proxy.url)).body, 'new')
  assert.equal(old?.exchanges.size, 1)
  go.resolve()
  assert.equal((await answer).body, 'old')
  await eventually('the old gateway to be empty and its connections closed', () => upstream.open === 0)
})

test('streams live on through two hundred unrelated changes, and nothing old is kept for them', async (t) => {
  const backend = await startUpgradeBackend(t)
  const events = await startBackend(t, {
    handler: (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const timer = setInterval(() => response.write('data: tick\n\n'), 5)
      response.on('close', () => clearInterval(timer))
    },
  })
  const routes = (port: number, revision: number) =>
    snapshot()
      .listener('main', port, closed)
      .destination('ws', backend.address)
      .destination('sse', events.address)
      .forward('ws', '/ws', 'ws')
      .forward('sse', '/sse', 'sse')
      .respond('other', '/', `revision ${revision}`)
  const proxy = await startInProcess(t, (_s, port) => routes(port, 0))
  const replaced: WeakRef<object>[] = []
  const socket = await openWebSocket(t, `ws://127.0.0.1:${proxy.port}/ws`)
  const stream = await begin(`${proxy.url}/sse`)
  let ticks = 0
  stream.on('data', () => ticks++)
  own(t, () => stream.destroy())
  for (let revision = 1; revision <= 200; revision++) {
    replaced.push(new WeakRef(proxy.activation.gateway ?? {}))
    assert.equal((await proxy.apply(routes(proxy.port, revision))).result, 'ok')
    if (revision % 40 === 0) assert.equal(await socket.ask(`${revision}`), `${revision}`)
  }
  assert.equal((await ask(proxy.url)).body, 'revision 200')
  const before = ticks
  await eventually('the stream to go on', () => ticks > before)
  assert.equal(proxy.activation.gateway?.exchanges.size, 2)
  assert.equal(backend.connections() + events.connections(), 2)
  collectGarbage()
  const kept = replaced.filter((reference) => reference.deref() !== undefined).length
  assert.ok(kept < 10, `${kept} old gateways are still held`)
})

test('streams whose route or destination changed end when their time is over, others do not', async (t) => {
  const backend = await startUpgradeBackend(t)
  const routes = (port: number) =>
    snapshot()
      .listener('main', port, closed)
      .destination('d', backend.address)
      .destination('e', backend.address)
      .forward('gone', '/gone', 'd')
      .forward('moved', '/moved', 'e')
      .forward('same', '/same', 'd')
  const proxy = await startInProcess(t, (_s, port) => routes(port), { streamDrain: 2_000 })
  const open = (path: string) => openWebSocket(t, `ws://127.0.0.1:${proxy.port}${path}`)
  const [gone, moved, same] = await Promise.all(['/gone', '/moved', '/same'].map(open))
  const next = routes(proxy.port)
    .without('gone')
    .destination('e', backend.address, { options: { timeouts: { idleConnection: '7s' } } })
  await proxy.apply(next)
  assert.equal(await gone?.ask('still'), 'still')
  await eventually('the streams to be closed', () => gone?.closeCode === 1001 && moved?.closeCode === 1001)
  assert.equal(await same?.ask('here'), 'here')
})

test('a time for streams that is longer than any timer of the platform is not over at once', async (t) => {
  const backend = await startUpgradeBackend(t)
  const base = (port: number) => snapshot().listener('main', port, closed).destination('d', backend.address)
  const proxy = await startInProcess(t, (_s, port) => base(port).forward('gone', '/gone', 'd'), {
    streamDrain: 3_600_000_000,
  })
  const gone = await openWebSocket(t, `ws://127.0.0.1:${proxy.port}/gone`)
  await proxy.apply(base(proxy.port))
  for (let n = 0; n < 50; n++) assert.equal(await gone.ask(`still ${n}`), `still ${n}`)
})

test('a removed listener finishes what it has begun and takes nothing new', async (t) => {
  const arrived = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  const upstream = await scriptedUpstream(t, async (peer) => {
    await peer.requestHead()
    arrived.resolve()
    await go.promise
    await peer.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone')
    await peer.closed()
  })
  const second = await freePort()
  const base = (port: number) =>
    snapshot().listener('main', port, closed).destination('d', upstream.address).forward('r', '/', 'd')
  const proxy = await startInProcess(t, (_s, port) => base(port).listener('second', second, { drainTimeout: '1000h' }))
  const agent = oneConnection()
  own(t, () => agent.destroy())
  const answer = ask(`http://127.0.0.1:${second}`, { agent })
  await arrived.promise
  await proxy.apply(base(proxy.port))
  await eventually('the port to be free', () => isFree(second))
  await new Promise((resolve) => setTimeout(resolve, 20)) // time for a drain to end that is over too early
  go.resolve()
  const { body, headers } = await answer
  assert.equal(body, 'done')
  assert.equal(headers.connection, 'close')
  await eventually('the drain to end', () => proxy.log.some(({ msg }) => msg === 'listener closed'))
})

test('what is still under way at the end of the drain is cut', async (t) => {
  const arrived = Promise.withResolvers<void>()
  const upstream = await scriptedUpstream(t, async (peer) => {
    await peer.requestHead()
    arrived.resolve()
    await peer.closed()
  })
  const second = await freePort()
  const base = (port: number) =>
    snapshot().listener('main', port, closed).destination('d', upstream.address).forward('r', '/', 'd')
  const proxy = await startInProcess(t, (_s, port) => base(port).listener('second', second, { drainTimeout: '50ms' }))
  const answer = ask(`http://127.0.0.1:${second}`)
  await arrived.promise
  await proxy.apply(base(proxy.port))
  await assert.rejects(answer)
})

test('while ten thousand routes are compiled, others get their turn again and again', async (t) => {
  const proxy = await startInProcess(t, (s) => s.respond('r', '/', 'x'))
  let many = snapshot().listener('main', proxy.port, closed).destination('d', '127.0.0.1:9')
  const { config } = many
  for (let at = 0; at < 10_000; at++) {
    config.routes.push({
      id: `r${at}`,
      name: `r${at}`,
      match: { pathPrefix: `/r${at}`, headers: [{ name: 'x', value: 'y' }] },
      forward: { destinations: [{ destinationId: 'd', weight: 100 }] },
    })
  }
  many = { ...many, config }
  let turns = 0
  const count = () => {
    turns++
    next = setImmediate(count)
  }
  let next = setImmediate(count)
  own(t, () => clearImmediate(next))
  const applied = await proxy.apply(many)
  assert.equal(applied.result, 'ok')
  t.diagnostic(`applied in ${Math.round(applied.applyMs)} ms, in ${turns} turns of the event loop`)
  // on a machine on which all of it takes no time there is no need for turns
  assert.ok(turns > Math.min(20, applied.applyMs / 20), `only ${turns} turns`)
})
