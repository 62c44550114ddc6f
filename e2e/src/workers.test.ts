import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Agent } from 'node:http'
import { createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { connect } from 'node:tls'
import {
  ask,
  eventually,
  freePort,
  isFree,
  localhostCertificate,
  oneConnection,
  openWebSocket,
  own,
  type ProxyProgram,
  type Scope,
  snapshot,
  startBackend,
  startLoad,
  startProxy,
  startUpgradeBackend,
} from '@vrata/testkit'
import { type GatewayOptions, startGateway } from '../gateway.ts'
import { acceptedBy, allGone, isAlive, workerPids } from '../workers.ts'
import { documentOf, event, startFakeControlPlane } from './fake-control-plane.ts'

const two: GatewayOptions = { proxy: { config: { proxy: { workers: 2 } } } }

/** A client with one kept connection, and the port of its side. */
interface KeptClient {
  readonly agent: Agent
  readonly port: number
  readonly socket: Socket
}

/** Opens `count` connections and has each of them answer once. */
async function keptClients(t: Scope, url: string, count: number): Promise<readonly KeptClient[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const agent = oneConnection()
      own(t, () => agent.destroy())
      const free = once(agent, 'free')
      assert.equal((await ask(url, { agent })).status, 200)
      const [socket] = (await free) as [Socket]
      return { agent, socket, port: socket.localPort ?? 0 }
    }),
  )
}

/** A backend that answers when the test says so. */
async function patientBackend(t: Scope) {
  const release = Promise.withResolvers<void>()
  const backend = await startBackend(t, {
    handler: async (_request, response) => {
      await release.promise
      response.end('late')
    },
  })
  return { backend, release: release.resolve }
}

async function adminJson({ adminUrl }: ProxyProgram, path: string) {
  return JSON.parse((await ask(adminUrl + path)).body)
}

test('two workers share the connections of a port', async (t) => {
  const { proxy, url, port, base, activate } = await startGateway(t, two)
  await activate(base.respond('all', '/', 'x'))
  const pids = workerPids(proxy)
  assert.equal(pids.size, 2)
  const clients = await keptClients(t, url, 100)
  const owners = acceptedBy(pids, port)
  const shares = [1, 2].map((worker) => clients.filter((one) => owners.get(one.port) === worker).length)
  assert.equal((shares[0] ?? 0) + (shares[1] ?? 0), 100)
  assert.ok(Math.min(...shares) >= 20, `the shares are ${shares.join(' and ')}`)
})

test('without workers one process does everything', async (t) => {
  const { proxy, url, base, activate } = await startGateway(t)
  await activate(base.respond('all', '/', 'x'))
  assert.equal((await ask(url)).body, 'x')
  assert.equal(workerPids(proxy).size, 0)
  assert.deepEqual(JSON.parse((await ask(`${proxy.adminUrl}/readyz`)).body), { status: 'ready' })
})

test('kill -9 of a worker costs its own connections alone; new ones are served at once, and a replacement comes', async (t) => {
  const { proxy, url, port, base, activate, client } = await startGateway(t, two)
  const id = await activate(base.respond('all', '/', 'x'))
  const pids = workerPids(proxy)
  const clients = await keptClients(t, url, 40)
  const owners = acceptedBy(pids, port)
  const closed = new Set<number>()
  for (const one of clients) one.socket.on('close', () => closed.add(one.port))
  const load = startLoad({
    url,
    clients: 8,
    check: (status, body) => (status === 200 && body === 'x' ? undefined : body),
  })
  t.after(() => load.stop())
  await eventually('the load to flow', () => load.counts.answered > 100)

  const victim = pids.get(2) ?? 0
  const ended = proxy.program.nextLog('the end of the worker', ({ msg }) => msg === 'worker ended')
  const serves = proxy.program.nextLog('the replacement', ({ msg }) => msg === 'worker serves')
  process.kill(victim, 'SIGKILL')
  const line = await ended
  assert.deepEqual([line['worker'], line['pid'], line['reason'], line['restartMs']], [2, victim, 'SIGKILL', 0])
  for (let n = 0; n < 200; n++) assert.equal((await ask(url)).body, 'x')
  const lost = load.counts.failed
  assert.equal((await serves)['snapshotId'], id)

  const its = clients.filter((one) => owners.get(one.port) === 2).map((one) => one.port)
  await eventually('its connections to be closed', () => closed.size >= its.length)
  assert.ok(its.length > 0)
  assert.deepEqual([...closed].sort(), its.sort(), 'the connections of the other worker live on')
  for (const one of clients.filter(({ port }) => !closed.has(port))) {
    assert.equal((await ask(url, { agent: one.agent })).body, 'x')
  }
  const counts = await load.stop()
  // one request under way, and one on a new connection that it was given while its sockets were being closed
  assert.ok(lost <= 2 * 8, `each client can have lost two requests: ${counts.failures.join('\n')}`)
  assert.equal(counts.failed, lost, 'nothing is lost once it is gone')

  const replaced = workerPids(proxy)
  assert.equal(replaced.get(1), pids.get(1))
  assert.notEqual(replaced.get(2), victim)
  const later = await keptClients(t, url, 60)
  const shares = [...acceptedBy(replaced, port)].filter(([one]) => later.some((kept) => kept.port === one))
  assert.ok(
    shares.some(([, worker]) => worker === 2),
    'the replacement has its share',
  )
  const { proxies } = await client.fleet()
  assert.deepEqual([proxies.length, proxies[0]?.state], [1, 'inSync'])
})

test('a snapshot is not applied by one worker while the other is not there to take it', async (t) => {
  const { proxy, url, base, activate, client } = await startGateway(t, two)
  await activate(base.respond('all', '/', 'old'))
  const clients = await keptClients(t, url, 20)
  const stopped = workerPids(proxy).get(2) ?? 0
  process.kill(stopped, 'SIGSTOP') // it can neither answer nor be noticed to be gone
  const { id } = await base.respond('all', '/', 'new').activate(client, 'new')
  const living = clients.filter(({ port }) => acceptedBy(workerPids(proxy), Number(new URL(url).port)).get(port) === 1)
  assert.ok(living.length > 0)
  for (let n = 0; n < 10; n++) {
    for (const { agent } of living) assert.equal((await ask(url, { agent })).body, 'old')
  }
  process.kill(stopped, 'SIGKILL')
  await proxy.applied(id)
  for (const { agent } of living) assert.equal((await ask(url, { agent })).body, 'new')
  for (let n = 0; n < 40; n++) assert.equal((await ask(url)).body, 'new')
})

test('a document of 20 MB reaches all workers, and one that comes later', async (t) => {
  const plane = await startFakeControlPlane(t)
  const proxy = await startProxy(t, { ...two.proxy, controlPlane: plane.url })
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const filler = 'x'.repeat(20_000_000)
  const big = snapshot().listener('web', port).respond('all', '/', 'big').respond('filler', '/filler', filler)
  await plane.write(event(documentOf('big', 1, big), 1))
  assert.equal((await plane.ackOf('big')).result, 'ok')
  const applied = proxy.program.lifeLogs.find(({ msg }) => msg === 'snapshot applied')
  t.diagnostic(`applied by two workers in ${applied?.['applyMs']} ms`)
  for (let n = 0; n < 20; n++) assert.equal((await ask(url)).body, 'big')
  const replaced = proxy.program.nextLog('the replacement', ({ msg }) => msg === 'worker serves')
  process.kill(workerPids(proxy).get(1) ?? 0, 'SIGKILL')
  await replaced
  for (let n = 0; n < 10; n++) assert.equal((await ask(`${url}/filler`)).body.length, filler.length)
})

test('a snapshot that cannot run is refused by all workers in one voice', async (t) => {
  const plane = await startFakeControlPlane(t)
  const proxy = await startProxy(t, { ...two.proxy, controlPlane: plane.url })
  const port = await freePort()
  const base = snapshot().listener('web', port)
  await plane.write(event(documentOf('good', 1, base.respond('all', '/', 'good')), 1))
  assert.equal((await plane.ackOf('good')).result, 'ok')
  await plane.write(event(documentOf('bad', 2, base.forward('all', '/', 'missing')), 2))
  const ack = await plane.ackOf('bad')
  assert.deepEqual([ack.result, ack.problems?.length, ack.running?.snapshotId], ['error', 1, 'good'])
  assert.equal((await ask(`http://127.0.0.1:${port}`)).body, 'good')
  assert.deepEqual([...workerPids(proxy).values()].map(isAlive), [true, true])
})

test('a port that is taken by somebody else is one problem, until all workers have it', async (t) => {
  const plane = await startFakeControlPlane(t)
  const proxy = await startProxy(t, { ...two.proxy, controlPlane: plane.url })
  const port = await freePort()
  const taken = await freePort()
  const other = createServer().listen(taken, '127.0.0.1')
  await once(other, 'listening')
  own(t, () => other.close())
  const config = snapshot().listener('web', port).listener('second', taken).respond('all', '/', 'x')
  await plane.write(event(documentOf('v1', 1, config), 1))
  const ack = await plane.ackOf('v1')
  assert.deepEqual([ack.result, ack.problems?.map(({ entity }) => entity.id)], ['degraded', ['second']])
  assert.equal((await ask(`http://127.0.0.1:${port}`)).body, 'x')
  assert.match((await adminJson(proxy, '/readyz')).reason, /^listener second: .*EADDRINUSE/)
  other.close()
  await eventually('the report that all is well', () => plane.acks.at(-1)?.result === 'ok')
  assert.equal((await adminJson(proxy, '/readyz')).status, 'ready')
  for (let n = 0; n < 20; n++) assert.equal((await ask(`http://127.0.0.1:${taken}`)).body, 'x')
})

test('the admin endpoints of the parent answer for all workers', async (t) => {
  const { proxy, port, url, base, activate } = await startGateway(t, two)
  assert.deepEqual(await adminJson(proxy, '/readyz'), {
    status: 'unready',
    reason: 'no snapshot',
    workers: { wanted: 2, serving: 0 },
  })
  const chat = await startUpgradeBackend(t)
  const { backend: slow, release } = await patientBackend(t)
  const config = base.destination('chat', chat.address).destination('slow', slow.address)
  const id = await activate(config.forward('chat', '/chat', 'chat').forward('slow', '/slow', 'slow'))
  assert.deepEqual(await adminJson(proxy, '/readyz'), { status: 'ready', workers: { wanted: 2, serving: 2 } })

  for (let n = 0; n < 12; n++) await openWebSocket(t, `ws://127.0.0.1:${port}/chat`)
  const metrics = (await ask(`${proxy.adminUrl}/metrics`)).body
  assert.match(metrics, /^vrata_upgraded_connections 12$/m)
  assert.match(metrics, /^vrata_workers 2$/m)
  assert.match(metrics, /^vrata_control_plane_connected 1$/m)
  assert.match(metrics, /^vrata_snapshot_apply_duration_seconds_count 1$/m)
  assert.equal(metrics.match(/^process_cpu_seconds_total /gm)?.length, 1)

  const answers = Array.from({ length: 12 }, () => ask(`${url}/slow`))
  await eventually('the requests', () => slow.requests.length === 12)
  const [first, second] = await adminJson(proxy, '/endpoints')
  const shown = [first, second].find(({ destination }) => destination === 'slow')
  assert.deepEqual([shown.endpoints.length, shown.endpoints[0].inFlight], [1, 12])
  release()
  await Promise.all(answers)

  const running = await adminJson(proxy, '/config?full')
  assert.deepEqual([running.snapshot.id, running.counts.routes, running.config.routes.length], [id, 2, 2])
  const changed = await ask(`${proxy.adminUrl}/loglevel`, { method: 'PUT', body: 'error' })
  assert.deepEqual([changed.status, await adminJson(proxy, '/loglevel')], [200, { level: 'error' }])
})

test('stopping lets the requests under way in all workers end, then all processes are gone', async (t) => {
  const { url, port, base, activate, proxy } = await startGateway(t, two)
  const { backend, release } = await patientBackend(t)
  await activate(base.destination('a', backend.address).forward('all', '/', 'a'))
  const pids = workerPids(proxy)
  const answers = Array.from({ length: 40 }, () => ask(url))
  await eventually('the requests', () => backend.requests.length === 40)
  const workers = new Set(acceptedBy(pids, port).values())
  assert.equal(workers.size, 2)
  const stopped = proxy.program.stop()
  await eventually('the port to be closed', () => isFree(port))
  release()
  for (const answer of await Promise.all(answers)) assert.equal(answer.body, 'late')
  assert.equal(await stopped, 0)
  await allGone(pids.values())
})

test('signals for an end that reach the workers themselves are for the parent to decide', async (t) => {
  const { url, base, activate, proxy } = await startGateway(t, two)
  await activate(base.respond('all', '/', 'x'))
  const pids = workerPids(proxy)
  for (const pid of pids.values()) for (const signal of ['SIGTERM', 'SIGINT'] as const) process.kill(pid, signal)
  for (let n = 0; n < 20; n++) assert.equal((await ask(url)).body, 'x')
  assert.deepEqual(workerPids(proxy), pids)
})

for (const [moment, preStopDelay] of [
  ['while they drain', '0s'],
  ['before they begin to drain', '1m'],
] as const) {
  test(`a second signal ${moment} ends all processes at once`, async (t) => {
    const options = { proxy: { config: { proxy: { workers: 2, preStopDelay } } } }
    const { url, base, activate, proxy } = await startGateway(t, options)
    const { backend, release } = await patientBackend(t)
    await activate(base.destination('a', backend.address).forward('all', '/', 'a'))
    const pids = workerPids(proxy)
    const answer = ask(url)
    answer.catch(() => undefined) // whoever awaits it below sees it
    await eventually('the request', () => backend.requests.length === 1)
    const stopping = proxy.program.nextLog('the first signal', ({ msg }) => msg === 'stopping')
    proxy.program.signal('SIGTERM')
    await stopping
    assert.ok([...pids.values()].every(isAlive))
    proxy.program.signal('SIGTERM')
    assert.equal(await proxy.program.ended(), 1)
    await allGone(pids.values())
    await assert.rejects(answer)
    release()
  })
}

test('workers whose parent is killed let their requests end and leave nothing behind', async (t) => {
  const { url, base, activate, proxy, acknowledged } = await startGateway(t, two)
  const { backend, release } = await patientBackend(t)
  const config = base.destination('a', backend.address).forward('slow', '/slow', 'a').respond('all', '/', 'x')
  await acknowledged(await activate(config))
  const pids = workerPids(proxy)
  const answers = Array.from({ length: 10 }, () => ask(`${url}/slow`))
  await eventually('the requests', () => backend.requests.length === 10)
  process.kill(proxy.program.pid, 'SIGKILL')
  await eventually('the port to be closed', async () => isFree(Number(new URL(url).port)))
  assert.ok([...pids.values()].some(isAlive), 'they wait for the requests')
  release()
  for (const answer of await Promise.all(answers)) assert.equal(answer.body, 'late')
  await allGone(pids.values())
  await proxy.program.kill()
  await proxy.restart()
  await proxy.ready()
  assert.equal((await ask(url)).body, 'x')
})

test('a TLS session that one worker began goes on with the other, and with one that was started later', async (t) => {
  const { proxy, port, base, activate } = await startGateway(t, two)
  const { cert, key } = localhostCertificate
  await activate(base.listener('web', port, { tls: { cert, key } }).respond('all', '/', 'x'))
  const pids = workerPids(proxy)
  const visit = async (session?: Buffer) => {
    const socket = connect({ port, host: '127.0.0.1', ca: cert, servername: 'localhost', ...(session && { session }) })
    own(t, () => socket.destroy())
    const sessions: Buffer[] = []
    socket.on('session', (given: Buffer) => sessions.push(given))
    socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
    await once(socket, 'data')
    return { resumed: socket.isSessionReused(), session: sessions[0], worker: ownerOf(socket) }
  }
  let workers = pids
  const ownerOf = ({ localPort = 0 }: Socket) => acceptedBy(workers, port).get(localPort)

  const first = await visit()
  assert.deepEqual([first.resumed, first.worker !== undefined], [false, true])
  const met = new Set<number | undefined>()
  await eventually('both workers to be met', async () => {
    const { resumed, worker } = await visit(first.session)
    assert.equal(resumed, true, `worker ${worker}, session of worker ${first.worker}`)
    return met.add(worker).size === 2
  })

  const serves = proxy.program.nextLog('the replacement', ({ msg }) => msg === 'worker serves')
  process.kill(pids.get(first.worker ?? 0) ?? 0, 'SIGKILL')
  await serves
  workers = workerPids(proxy)
  await eventually('the replacement to be met', async () => {
    const { resumed, worker } = await visit(first.session)
    assert.equal(resumed, true, `worker ${worker} after the first was replaced`)
    return worker === first.worker
  })
})
