import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProxyConfig } from '@vrata/service'
import {
  ask,
  eventually,
  freePort,
  isFree,
  own,
  type Scope,
  scriptedUpstream,
  snapshot,
  temporaryFolder,
} from '@vrata/testkit'
import { runProxy } from './proxy.ts'
import { documentOf, recordingLogger } from './testing/in-process.ts'
import { startStreamServer } from './testing/stream-server.ts'

/** The whole program but for its process, under a control plane of which only the stream is real. */
async function startProgram(t: Scope, fields: object = {}) {
  const server = await startStreamServer(t)
  const { log, lines } = recordingLogger()
  const stop = new AbortController()
  const config = ProxyConfig.parse({
    proxy: {
      controlPlaneUrl: server.url,
      storePath: await temporaryFolder(t),
      admin: { address: '127.0.0.1:0' },
      reconnectInterval: '20ms',
      ...fields,
    },
  })
  const done = runProxy(config, log, '1.0.0', stop.signal, '')
  own(t, async () => {
    stop.abort()
    await done
  })
  const address = await eventually('the admin address', () => lines.find(({ msg }) => msg === 'listening')?.['address'])
  const admin = `http://${String(address)}`
  const stream = () => eventually('a stream', () => server.streams.at(-1))
  return { server, lines, stop, done, admin, stream }
}

const closed = { drainTimeout: '0s' }

test('a proxy without a snapshot is alive, not ready, and opens no port', async (t) => {
  const { admin, lines } = await startProgram(t)
  assert.equal((await ask(`${admin}/livez`)).status, 200)
  const ready = await ask(`${admin}/readyz`)
  assert.equal(ready.status, 503)
  assert.equal(JSON.parse(ready.body).reason, 'no snapshot')
  assert.equal((await ask(`${admin}/config`)).body, '{"snapshot":null}\n')
  assert.ok(!lines.some(({ msg }) => msg === 'listener opened'))
})

test('a snapshot makes it ready, and its admin endpoints tell what runs', async (t) => {
  const { admin, lines, stream, server } = await startProgram(t)
  const port = await freePort()
  const config = snapshot()
    .listener('main', port, closed)
    .destination('d', '127.0.0.1:9')
    .respond('r', '/', 'hi').config
  const document = documentOf(config, 3)
  const open = await stream()
  open.snapshot(document)
  await eventually('readiness', async () => (await ask(`${admin}/readyz`)).status === 200)
  assert.equal((await ask(`http://127.0.0.1:${port}`)).body, 'hi')
  const line = lines.find(({ msg }) => msg === 'snapshot applied')
  assert.equal(line?.['snapshotId'], document.id)
  assert.equal(line?.['hash'], document.hash)
  assert.equal(typeof line?.['applyMs'], 'number')
  const shown = JSON.parse((await ask(`${admin}/config?full`)).body)
  assert.equal(shown.snapshot.id, document.id)
  assert.deepEqual(shown.counts, { listeners: 1, routes: 1, destinations: 1, middlewares: 0 })
  assert.equal(shown.config.routes[0].directResponse.body, '<hidden>')
  const metrics = (await ask(`${admin}/metrics`)).body
  assert.ok(
    metrics.includes(`vrata_snapshot_info{id="${document.id}",name="${document.name}",hash="${document.hash}"} 1`),
  )
  assert.match(metrics, /^vrata_control_plane_connected 1$/m)
  assert.match(metrics, /^vrata_snapshot_apply_duration_seconds_count 1$/m)
  assert.match(metrics, /^process_cpu_seconds_total /m)
  const [endpoint] = JSON.parse((await ask(`${admin}/endpoints`)).body)
  assert.equal(endpoint.destination, 'd')
  open.snapshot(documentOf(snapshot().forward('r', '/', 'missing').config, 4))
  await eventually('the refusal', () => server.reports.some(({ body }) => body['result'] === 'error'))
  assert.match((await ask(`${admin}/metrics`)).body, /^vrata_snapshot_apply_failures_total\{reason="refused"\} 1$/m)
})

test('stopping drains: not ready at once, requests end, then all ports are free', async (t) => {
  const arrived = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  const upstream = await scriptedUpstream(t, async (peer) => {
    await peer.requestHead()
    arrived.resolve()
    await go.promise
    await peer.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone')
    await peer.closed()
  })
  const { admin, stream, stop, done } = await startProgram(t, { preStopDelay: '2s' })
  const port = await freePort()
  const open = await stream()
  const builder = snapshot()
    .listener('main', port)
    .destination('d', upstream.address)
    .forward('r', '/', 'd')
    .respond('s', '/s', 'hi')
  open.snapshot(documentOf(builder.config))
  await eventually('readiness', async () => (await ask(`${admin}/readyz`)).status === 200)
  const answer = ask(`http://127.0.0.1:${port}`)
  await arrived.promise
  stop.abort()
  const ready = await eventually('unreadiness', async () => {
    const got = await ask(`${admin}/readyz`)
    return got.status === 503 && got
  })
  assert.equal(JSON.parse(ready.body).reason, 'draining')
  assert.equal((await ask(`http://127.0.0.1:${port}/s`)).body, 'hi', 'new requests are served during the delay')
  await eventually('the port to be free', () => isFree(port))
  assert.equal((await ask(`${admin}/livez`)).status, 200, 'the admin endpoints answer while traffic drains')
  go.resolve()
  assert.equal((await answer).body, 'done')
  await done
  await assert.rejects(ask(`${admin}/livez`))
})

test('a second start serves from disk before any control plane answers', async (t) => {
  const folder = await temporaryFolder(t)
  const port = await freePort()
  const first = await startProgram(t, { storePath: folder })
  const open = await first.stream()
  open.snapshot(documentOf(snapshot().listener('main', port, closed).respond('r', '/', 'kept').config))
  await eventually('readiness', async () => (await ask(`${first.admin}/readyz`)).status === 200)
  await eventually('the report', () => first.server.reports.length > 0)
  first.stop.abort()
  await first.done
  const second = await startProgram(t, { storePath: folder, controlPlaneUrl: `http://127.0.0.1:${await freePort()}` })
  const ready = await eventually('readiness', async () => {
    const got = await ask(`${second.admin}/readyz`)
    return got.status === 200 && got
  })
  assert.deepEqual(JSON.parse(ready.body), { status: 'ready', stale: true })
  assert.equal((await ask(`http://127.0.0.1:${port}`)).body, 'kept')
})

test('an admin address that is taken ends the program with the reason', async (t) => {
  const { admin } = await startProgram(t)
  const config = ProxyConfig.parse({
    proxy: {
      controlPlaneUrl: 'http://127.0.0.1:1',
      storePath: await temporaryFolder(t),
      admin: { address: admin.slice('http://'.length) },
    },
  })
  const { log } = recordingLogger()
  await assert.rejects(runProxy(config, log, '1.0.0', new AbortController().signal, ''), /EADDRINUSE/)
})
