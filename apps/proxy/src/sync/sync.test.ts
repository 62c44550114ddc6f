import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ack, type SnapshotDocument } from '@vrata/model'
import { eventually, freePort, own, type Scope, snapshot, temporaryFolder } from '@vrata/testkit'
import type { Applied } from '../activation.ts'
import { documentOf, recordingLogger } from '../testing/in-process.ts'
import { type StreamServer, startStreamServer } from '../testing/stream-server.ts'
import { caPem, clientKey, clientPem, serverKey, serverPem } from '../testing/tls-material.ts'
import type { ControlPlaneAccess } from './control-plane.ts'
import { identityHeaders, type ProxyIdentity } from './identity.ts'
import { LastGood } from './last-good.ts'
import { Sync } from './sync.ts'

const identity: ProxyIdentity = { id: 'edge-1', bootId: 'boot-1', version: '1.2.3', labels: { zone: 'a' } }
const ok: Applied = { result: 'ok', problems: [], applyMs: 3 }

interface Setting {
  readonly urls: readonly string[]
  readonly access?: Partial<ControlPlaneAccess>
  readonly apply?: (document: SnapshotDocument) => Promise<Applied>
  readonly folder?: string
  readonly silence?: number
}

/** A sync that runs until the end of the scope, and what it did. */
async function startSync(t: Scope, setting: Setting) {
  const { log, lines } = recordingLogger()
  const stop = new AbortController()
  const applied: SnapshotDocument[] = []
  const folder = setting.folder ?? (await temporaryFolder(t))
  const lastGood = new LastGood(folder, log)
  let running: { id: string; hash: string; seq: number } | undefined
  const sync = new Sync({
    access: { urls: setting.urls, apiKey: '', tls: {}, headers: identityHeaders(identity), ...setting.access },
    identity,
    lastGood,
    running: {
      get identity() {
        return running
      },
      state: ok,
      connections: 0,
      async apply(document) {
        const outcome = (await setting.apply?.(document)) ?? ok
        applied.push(document)
        if (outcome.result !== 'error') running = { id: document.id, hash: document.hash, seq: document.seq ?? 0 }
        return outcome
      },
    },
    log,
    reconnectInterval: 20,
    reconnectMax: 50,
    signal: stop.signal,
    ...(setting.silence === undefined ? {} : { silence: setting.silence }),
  })
  const done = sync.run()
  own(t, async () => {
    stop.abort()
    await done
    await sync[Symbol.asyncDispose]()
  })
  return { sync, applied, lines, lastGood, folder, stop, done }
}

const documents = (seq: number, hash = `sha256:${seq}`) => ({
  ...documentOf(snapshot().config, seq),
  id: `s-${seq}`,
  hash,
})
const stream = (server: StreamServer, at = 0) => eventually(`stream ${at}`, () => server.streams[at])
const reports = (server: StreamServer) =>
  server.reports.filter(({ path }) => path === '/api/v1/sync/ack').map(({ body }) => body)

test('a proxy says who it is, applies what it is sent, reports, and keeps it on disk', async (t) => {
  const server = await startStreamServer(t)
  const { applied, lastGood, sync } = await startSync(t, { urls: [server.url], access: { apiKey: 'k-1' } })
  const open = await stream(server)
  assert.equal(open.request.url, '/api/v1/sync/snapshot')
  const { headers } = open.request
  assert.equal(headers.accept, 'text/event-stream')
  assert.equal(headers.authorization, 'Bearer k-1')
  assert.equal(headers['vrata-proxy-id'], 'edge-1')
  assert.equal(headers['vrata-proxy-boot'], 'boot-1')
  assert.equal(headers['vrata-proxy-version'], '1.2.3')
  assert.equal(headers['vrata-proxy-labels'], 'zone=a')
  assert.equal(sync.stale, true)
  const document = documents(42)
  open.snapshot(document)
  const ack = await eventually('the report', () => reports(server)[0])
  assert.deepEqual(ack, {
    proxyId: 'edge-1',
    bootId: 'boot-1',
    version: '1.2.3',
    labels: { zone: 'a' },
    seq: 42,
    snapshotId: 's-42',
    hash: 'sha256:42',
    result: 'ok',
    applyMs: 3,
    running: { snapshotId: 's-42', hash: 'sha256:42' },
    problems: [],
  })
  assert.ok(Ack.safeParse(ack).success)
  assert.equal(server.reports[0]?.request.headers.authorization, 'Bearer k-1')
  assert.deepEqual(applied, [document])
  await eventually('the file', async () => (await lastGood.load())?.id === 's-42')
  assert.equal(sync.stale, false)
  assert.equal(sync.connected, true)
})

test('a refused snapshot is reported with its problems, and the file stays', async (t) => {
  const server = await startStreamServer(t)
  const problem = { entity: { kind: 'route', id: 'r' }, pointer: '/match', message: 'no', severity: 'error' } as const
  const { lastGood } = await startSync(t, {
    urls: [server.url],
    apply: async ({ seq }) => (seq === 1 ? ok : { result: 'error', problems: [problem], applyMs: 1 }),
  })
  const open = await stream(server)
  open.snapshot(documents(1))
  await eventually('the first report', () => reports(server).length === 1)
  open.snapshot(documents(2))
  const nack = await eventually('the second report', () => reports(server)[1])
  assert.equal(nack['result'], 'error')
  assert.deepEqual(nack['problems'], [problem])
  assert.deepEqual(nack['running'], { snapshotId: 's-1', hash: 'sha256:1' })
  assert.equal((await lastGood.load())?.id, 's-1')
})

test('on a new connection a proxy says what it has, and reports when that is confirmed', async (t) => {
  const server = await startStreamServer(t)
  const { applied } = await startSync(t, { urls: [server.url] })
  const first = await stream(server)
  first.snapshot(documents(1))
  await eventually('the report', () => reports(server).length === 1)
  first.end()
  const second = await stream(server, 1)
  assert.equal(second.request.url, '/api/v1/sync/snapshot?have=sha256%3A1')
  second.write('event: current\ndata: {"id":"s-1","hash":"sha256:1","seq":1}\n\n')
  const again = await eventually('the second report', () => reports(server)[1])
  assert.equal(again['result'], 'ok')
  assert.equal(applied.length, 1)
})

test('on a new connection a proxy says what it is about to run, not what that replaces', async (t) => {
  const server = await startStreamServer(t)
  const second = Promise.withResolvers<Applied>()
  const { lines } = await startSync(t, {
    urls: [server.url],
    apply: async ({ seq }) => (seq === 2 ? second.promise : ok),
  })
  const open = await stream(server)
  open.snapshot(documents(1))
  await eventually('the report', () => reports(server).length === 1)
  open.snapshot(documents(2))
  open.end()
  await eventually('the end of the stream', () => lines.some(({ msg }) => msg === 'control plane disconnected'))
  // time to come back with the wrong answer: a control plane that has gone back to the first would confirm it
  await new Promise((resolve) => setTimeout(resolve, 100))
  second.resolve(ok)
  assert.equal((await stream(server, 1)).request.url, '/api/v1/sync/snapshot?have=sha256%3A2')
})

test('a proxy that is stopped before it has begun applies nothing', async (t) => {
  const folder = await temporaryFolder(t)
  await new LastGood(folder, recordingLogger().log).save(JSON.stringify(documents(7)))
  const { applied, stop, done } = await startSync(t, { urls: ['http://127.0.0.1:1'], folder })
  stop.abort()
  await done
  assert.deepEqual(applied, [])
})

test('a confirmation of something else than what runs is not believed', async (t) => {
  const server = await startStreamServer(t)
  const { lines, sync } = await startSync(t, { urls: [server.url] })
  const open = await stream(server)
  open.write('event: current\ndata: {"id":"x","hash":"other","seq":1}\n\n')
  await eventually('a line', () => lines.some(({ level }) => level === 'error'))
  assert.equal(reports(server).length, 0)
  assert.equal(sync.stale, true)
})

test('control planes are tried in turn until one answers', async (t) => {
  const server = await startStreamServer(t)
  const dead = `http://127.0.0.1:${await freePort()}`
  const { lines } = await startSync(t, { urls: [dead, server.url] })
  await stream(server)
  assert.equal(lines.filter(({ msg }) => msg === 'control plane not reachable').length, 1)
  await eventually('a line', () =>
    lines.some(({ msg, url }) => msg === 'control plane connected' && url === server.url),
  )
})

test('a stream that is silent for too long is opened again', async (t) => {
  const server = await startStreamServer(t)
  const { lines } = await startSync(t, { urls: [server.url], silence: 100 })
  await stream(server)
  await stream(server, 1)
  assert.ok(lines.some(({ reason }) => reason === 'the stream was silent'))
})

test('a comment is a sign of life', async (t) => {
  const server = await startStreamServer(t)
  await startSync(t, { urls: [server.url], silence: 300 })
  await stream(server)
  // Where this machine stands still there is no sign of life either: then once more.
  await eventually('a stream that lives longer than silence may last', async () => {
    const { length } = server.streams
    for (let at = 0; at < 20; at++) {
      server.streams.at(-1)?.write(': keepalive\n\n')
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return server.streams.length === length
  })
})

test('a refusal is logged once, however often it comes, and forgotten when it is over', async (t) => {
  const server = await startStreamServer(t)
  server.answer({ stream: 401 })
  const { lines } = await startSync(t, { urls: [server.url] })
  await eventually(
    'several attempts',
    () => lines.filter(({ msg }) => msg === 'control plane still not usable').length > 2,
  )
  assert.equal(lines.filter(({ level }) => level === 'error').length, 1)
  server.answer({ stream: 403 })
  await eventually('another line', () => lines.filter(({ level }) => level === 'error').length === 2)
  server.answer({ stream: 200 })
  await stream(server)
})

test('of a burst only the newest is applied', async (t) => {
  const server = await startStreamServer(t)
  const first = Promise.withResolvers<Applied>()
  const { applied, lines } = await startSync(t, {
    urls: [server.url],
    apply: async ({ seq }) => (seq === 1 ? first.promise : ok),
  })
  const open = await stream(server)
  for (const seq of [1, 2, 3, 4, 5]) open.snapshot(documents(seq))
  open.write('event: current\ndata: {"id":"x","hash":"other","seq":1}\n\n')
  await eventually('a line about what came behind them', () => lines.some(({ level }) => level === 'error'))
  first.resolve(ok)
  await eventually('the newest', () => applied.at(-1)?.seq === 5)
  assert.deepEqual(
    applied.map(({ seq }) => seq),
    [1, 5],
  )
})

test('a report is repeated until it is accepted, and only the newest is', async (t) => {
  const server = await startStreamServer(t)
  server.answer({ report: 503 })
  const { lines } = await startSync(t, { urls: [server.url] })
  const open = await stream(server)
  open.snapshot(documents(1))
  await eventually('several attempts', () => reports(server).length > 2)
  open.snapshot(documents(2))
  await eventually('the newest', () => reports(server).at(-1)?.['seq'] === 2)
  server.answer({ report: 204 })
  await eventually('acceptance', () => lines.some(({ msg }) => msg === 'reports accepted again'))
  const sent = reports(server).length
  await new Promise((resolve) => setTimeout(resolve, 150))
  assert.equal(reports(server).length, sent, 'nothing is sent any more')
  assert.equal(lines.filter(({ msg }) => msg === 'report not accepted').length, 1)
})

test('a document that cannot be read is told without its content, and the stream goes on', async (t) => {
  const server = await startStreamServer(t)
  const { lines, applied } = await startSync(t, { urls: [server.url] })
  const open = await stream(server)
  open.write('event: snapshot\ndata: {"id":"s","secret":"hunter2"\n\n')
  await eventually('a line', () => lines.some(({ msg }) => msg === 'snapshot unreadable'))
  assert.doesNotMatch(JSON.stringify(lines), /hunter2/)
  open.snapshot(documents(1))
  await eventually('the next', () => applied.length === 1)
})

test('a document of twenty megabytes in one line arrives', async (t) => {
  const server = await startStreamServer(t)
  const { applied } = await startSync(t, { urls: [server.url] })
  const open = await stream(server)
  open.snapshot({ ...documents(1), description: 'x'.repeat(20_000_000) })
  await eventually('the document', () => applied.length === 1)
})

test('without a control plane a proxy starts from disk and goes on trying', async (t) => {
  const folder = await temporaryFolder(t)
  await new LastGood(folder, recordingLogger().log).save(JSON.stringify(documents(7)))
  const dead = `http://127.0.0.1:${await freePort()}`
  const { applied, sync, lines } = await startSync(t, { urls: [dead], folder })
  await eventually('the stored snapshot', () => applied[0]?.id === 's-7')
  await eventually(
    'several attempts',
    () => lines.filter(({ msg }) => String(msg).includes('control plane')).length > 2,
  )
  assert.equal(sync.stale, true)
})

test('what was stored is stale until a control plane has confirmed it or replaced it, not refused another', async (t) => {
  const folder = await temporaryFolder(t)
  await new LastGood(folder, recordingLogger().log).save(JSON.stringify(documents(7)))
  const server = await startStreamServer(t)
  const { sync } = await startSync(t, {
    urls: [server.url],
    folder,
    apply: async ({ seq }) => (seq === 8 ? { result: 'error', problems: [], applyMs: 1 } : ok),
  })
  const open = await stream(server)
  open.snapshot(documents(8))
  await eventually('the report', () => reports(server)[0]?.['result'] === 'error')
  assert.equal(sync.stale, true)
  open.snapshot(documents(9))
  await eventually('the next report', () => reports(server)[1]?.['result'] === 'ok')
  assert.equal(sync.stale, false)
})

test('what is stored is what a proxy says it has', async (t) => {
  const folder = await temporaryFolder(t)
  await new LastGood(folder, recordingLogger().log).save(JSON.stringify(documents(7)))
  const server = await startStreamServer(t)
  await startSync(t, { urls: [server.url], folder })
  assert.equal((await stream(server)).request.url, '/api/v1/sync/snapshot?have=sha256%3A7')
})

test('a change of what is wrong is reported without a new snapshot', async (t) => {
  const server = await startStreamServer(t)
  const { sync } = await startSync(t, { urls: [server.url] })
  const open = await stream(server)
  open.snapshot(documents(1))
  await eventually('the report', () => reports(server).length === 1)
  sync.stateChanged()
  await eventually('another report', () => reports(server).length === 2)
})

test('stopping ends the stream at once', async (t) => {
  const server = await startStreamServer(t)
  const { stop, done } = await startSync(t, { urls: [server.url] })
  const open = await stream(server)
  stop.abort()
  await done
  await eventually('the stream to be closed', () => open.closed)
})

test('a control plane over TLS is verified, and shown a certificate', async (t) => {
  const server = await startStreamServer(t, {
    ...{ cert: serverPem, key: serverKey, ca: caPem },
    ...{ requestCert: true, rejectUnauthorized: true },
  })
  await startSync(t, { urls: [server.url], access: { tls: { ca: caPem, cert: clientPem, key: clientKey } } })
  await stream(server)
  const { lines } = await startSync(t, { urls: [server.url] })
  await eventually('a line', () => lines.some(({ msg }) => msg === 'control plane not reachable'))
})
