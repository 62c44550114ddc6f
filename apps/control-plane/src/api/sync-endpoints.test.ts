import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import type { Fleet, FleetProxy, SnapshotDocument } from '@vrata/model'
import { openStream } from '../testing/event-stream.ts'
import { startControlPlane, type TestControlPlane } from '../testing/start.ts'

const api = '/api/v1'
const stream = `${api}/sync/snapshot`
const me = {
  'vrata-proxy-id': 'edge-1',
  'vrata-proxy-boot': 'boot-1',
  'vrata-proxy-version': '9.9',
  'vrata-proxy-labels': 'zone=a,we%2Cird=x%3Dy',
}

async function capture(plane: TestControlPlane, name: string): Promise<SnapshotDocument> {
  await plane.send('POST', `${api}/routes`, { name, match: { path: `/${name}` }, directResponse: { status: 204 } })
  const answer = await plane.send('POST', `${api}/snapshots`, { name })
  assert.equal(answer.status, 201, answer.text)
  return answer.read()
}

const activate = (plane: TestControlPlane, id: string) => plane.send('POST', `${api}/snapshots/${id}/activate`)

async function active(plane: TestControlPlane, name: string): Promise<SnapshotDocument> {
  const document = await capture(plane, name)
  assert.equal((await activate(plane, document.id)).status, 200)
  return document
}

const proxy = async (plane: TestControlPlane, id = 'edge-1') =>
  (await plane.send('GET', `${api}/fleet/${id}`)).read<FleetProxy>()

for (const path of [stream, '/sync/snapshot']) {
  test(`${path}: nothing active is said, the stream stays open and shows that it lives`, async (t) => {
    const plane = await startControlPlane(t, { timing: { keepalive: 20, stallTimeout: 30_000 } })
    const client = await openStream(t, plane.url, path)
    assert.equal(client.status, 200)
    assert.equal(client.headers['content-type'], 'text/event-stream')
    assert.equal(client.headers['cache-control'], 'no-cache')
    assert.equal(client.headers.connection, 'keep-alive')
    assert.equal(client.headers['x-accel-buffering'], 'no')
    assert.equal((await client.next()).text, 'event: none\ndata: {}')
    assert.equal((await client.next('comment')).text, ': keepalive')
    assert.equal((await client.next('comment')).text, ': keepalive')
    assert.match(client.text, /^retry: 2000\n\n/)
    assert.doesNotMatch(client.text, /event: snapshot/)
  })

  test(`${path}: the active snapshot comes at once, the next one when it is activated`, async (t) => {
    const plane = await startControlPlane(t)
    const first = await active(plane, 'v1')
    const client = await openStream(t, plane.url, path)
    const event = await client.next()
    assert.match(event.text, /^event: snapshot\nid: 1\ndata: [^\n]*$/)
    const { snapshot, id, name, createdAt, hash } = first
    assert.deepEqual(JSON.parse(event.data ?? ''), { id, name, createdAt, hash, seq: 1, snapshot })
    const second = await active(plane, 'v2')
    const next = await client.next()
    assert.partialDeepStrictEqual(JSON.parse(next.data ?? ''), { id: second.id, hash: second.hash, seq: 2 })
  })
}

test('what does not change what should run sends nothing', async (t) => {
  const plane = await startControlPlane(t)
  const first = await active(plane, 'v1')
  const client = await openStream(t, plane.url)
  await client.next()
  const spare = await capture(plane, 'v2')
  await plane.send('DELETE', `${api}/snapshots/${spare.id}`)
  await plane.send('POST', `${api}/groups`, { name: 'g' })
  assert.equal((await plane.send('DELETE', `${api}/snapshots/${first.id}?force=true`)).status, 204)
  const third = await active(plane, 'v3')
  assert.partialDeepStrictEqual(JSON.parse((await client.next()).data ?? ''), { id: third.id, seq: 2 })
  assert.equal(client.text.match(/^event: /gm)?.length, 2)
})

test('after the active snapshot was deleted new clients are told that there is none', async (t) => {
  const plane = await startControlPlane(t)
  const { id } = await active(plane, 'v1')
  await plane.send('DELETE', `${api}/snapshots/${id}?force=true`)
  const client = await openStream(t, plane.url)
  assert.equal((await client.next()).event, 'none')
})

const known: readonly {
  name: string
  path: (hash: string) => string
  headers: Record<string, string>
  event: string
}[] = [
  { name: 'the hash', path: (hash) => `${stream}?have=${encodeURIComponent(hash)}`, headers: {}, event: 'current' },
  { name: 'another hash', path: () => `${stream}?have=sha256:00`, headers: {}, event: 'snapshot' },
  { name: 'the last event', path: () => stream, headers: { 'last-event-id': '1' }, event: 'current' },
  { name: 'an older event', path: () => stream, headers: { 'last-event-id': '0' }, event: 'snapshot' },
]
for (const { name, path, headers, event } of known) {
  test(`a client that has ${name} gets ${event}`, async (t) => {
    const plane = await startControlPlane(t)
    const { id, hash } = await active(plane, 'v1')
    const client = await openStream(t, plane.url, path(hash), headers)
    const first = await client.next()
    assert.equal(first.event, event)
    assert.equal(first.id, '1')
    if (event === 'current') assert.deepEqual(JSON.parse(first.data ?? ''), { id, hash, seq: 1 })
  })
}

test('activating the active one keeps its number and reaches only those not in sync', async (t) => {
  const plane = await startControlPlane(t)
  const { id, hash } = await active(plane, 'v1')
  const good = await openStream(t, plane.url, stream, { ...me, 'vrata-proxy-id': 'good' })
  const bad = await openStream(t, plane.url, stream, { ...me, 'vrata-proxy-id': 'bad' })
  await Promise.all([good.next(), bad.next()])
  const report = { bootId: 'boot-1', seq: 1, snapshotId: id, hash }
  await plane.send('POST', `${api}/sync/ack`, { ...report, proxyId: 'good', result: 'ok' })
  await plane.send('POST', `${api}/sync/ack`, { ...report, proxyId: 'bad', result: 'error', problems: [] })
  const again = await activate(plane, id)
  assert.equal(again.status, 200)
  const repeated = await bad.next()
  assert.equal(repeated.event, 'snapshot')
  assert.equal(repeated.id, '1')
  const next = await active(plane, 'v2')
  assert.partialDeepStrictEqual(JSON.parse((await good.next()).data ?? ''), { id: next.id, seq: 2 })
})

test('numbers of activations go on after a restart, and the active one is still active', async (t) => {
  const plane = await startControlPlane(t)
  await active(plane, 'v1')
  const { id } = await active(plane, 'v2')
  await plane.close()
  const again = await startControlPlane(t, { directory: plane.directory })
  const client = await openStream(t, again.url)
  const event = await client.next()
  assert.equal(event.id, '2')
  assert.equal(JSON.parse(event.data ?? '').id, id)
  await active(again, 'v3')
  assert.equal((await client.next()).id, '3')
})

test('a stream that opens while an activation happens gets the newest in the end', async (t) => {
  const plane = await startControlPlane(t)
  const documents = [await capture(plane, 'v0'), await capture(plane, 'v1'), await capture(plane, 'v2')]
  for (const { id } of [...documents, ...documents]) {
    const [client] = await Promise.all([openStream(t, plane.url), activate(plane, id)])
    let event = await client.next()
    while (event.event !== 'snapshot' || JSON.parse(event.data ?? '').id !== id) event = await client.next()
    client.close()
  }
})

test('a slow reader skips to the newest, whole, and is not cut while it makes progress', async (t) => {
  const plane = await startControlPlane(t, { config: { limits: { bodyBytes: 8_000_000 } } })
  const body = 'x'.repeat(1_000_000)
  for (let n = 0; n < 6; n++) {
    const route = { id: `big-${n}`, match: { path: `/big/${n}` }, directResponse: { status: 200, body } }
    assert.equal((await plane.send('POST', `${api}/routes`, route)).status, 201)
  }
  const client = await openStream(t, plane.url)
  await client.next()
  client.pause()
  const ids: string[] = []
  for (let n = 0; n < 5; n++) ids.push((await active(plane, `v${n}`)).id)
  client.resume()
  const seen: string[] = []
  while (seen.at(-1) !== ids.at(-1)) seen.push(JSON.parse((await client.next()).data ?? '').id)
  assert.ok(seen.length < ids.length, `${seen.length} documents`)
})

test('a reader that does not read at all is cut, and the log says whom', async (t) => {
  const plane = await startControlPlane(t, {
    timing: { keepalive: 15_000, stallTimeout: 100 },
    config: { limits: { bodyBytes: 30_000_000 } },
  })
  const route = { id: 'big', match: { path: '/big' }, directResponse: { status: 200, body: 'x'.repeat(24_000_000) } }
  const written = await plane.send('POST', `${api}/routes`, route)
  if (written.status !== 201) assert.fail(written.text.slice(0, 300))
  const { hostname, port } = new URL(plane.url)
  const socket = connect(Number(port), hostname)
  t.after(() => socket.destroy())
  socket.pause()
  socket.on('error', () => undefined)
  const head = Object.entries(me).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`GET ${stream} HTTP/1.1\r\nHost: a\r\n${head.join('')}\r\n`)
  while (!plane.log.some(({ msg }) => msg === 'stream opened')) await new Promise(setImmediate)
  await active(plane, 'v1')
  while (!plane.log.some(({ msg }) => msg === 'stream closed')) await new Promise((resolve) => setTimeout(resolve, 5))
  const line = plane.log.find(({ msg }) => msg === 'stream cut: the proxy does not read')
  assert.equal(line?.['proxyId'], 'edge-1')
  socket.destroy()
})

test('stopping ends streams by a comment, and refuses new connections', async (t) => {
  const plane = await startControlPlane(t)
  const client = await openStream(t, plane.url)
  await client.next()
  await plane.close()
  await client.ended
  assert.match(client.text, /\n\n: closing\n\n$/)
  const { hostname, port } = new URL(plane.url)
  const [error] = await once(connect(Number(port), hostname), 'error')
  assert.equal(error.code, 'ECONNREFUSED')
})

test('a proxy goes through applying, error and in sync as it reports', async (t) => {
  const plane = await startControlPlane(t)
  const first = await active(plane, 'v1')
  const client = await openStream(t, plane.url, stream, me)
  await client.next()
  const asked = { state: 'applying', wantedSnapshotId: first.id, snapshotId: null, version: '9.9' }
  assert.partialDeepStrictEqual(await proxy(plane), { ...asked, labels: { zone: 'a', 'we,ird': 'x=y' }, lastAck: null })
  const report = { proxyId: 'edge-1', bootId: 'boot-1', seq: 1, snapshotId: first.id, hash: first.hash }
  const ok = await plane.send('POST', `${api}/sync/ack`, { ...report, result: 'ok', applyMs: 3.5 })
  assert.equal(ok.status, 204, ok.text)
  const running = { state: 'inSync', snapshotId: first.id, hash: first.hash }
  assert.partialDeepStrictEqual(await proxy(plane), {
    ...running,
    lastAck: { result: 'ok', applyMs: 3.5, problems: [] },
  })
  const second = await active(plane, 'v2')
  await client.next()
  assert.equal((await proxy(plane)).state, 'applying')
  const problem = {
    entity: { kind: 'listener', id: 'l' },
    pointer: '/port',
    message: 'port 443 is in use',
    severity: 'error',
  }
  const nack = { ...report, seq: 2, snapshotId: second.id, hash: second.hash, result: 'error', problems: [problem] }
  await plane.send('POST', `${api}/sync/ack`, { ...nack, running: { snapshotId: first.id, hash: first.hash } })
  const refused = { state: 'error', snapshotId: first.id, wantedSnapshotId: second.id }
  assert.partialDeepStrictEqual(await proxy(plane), { ...refused, lastAck: { problems: [problem] } })
  const line = plane.log.find(({ msg }) => msg === 'snapshot refused by a proxy')
  assert.match(JSON.stringify(line), /listener l \/port: port 443 is in use/)
  const document = (await plane.send('GET', `${api}/fleet`)).read<Fleet>()
  assert.deepEqual(document.active, { snapshotId: second.id, hash: second.hash, seq: 2 })
  assert.deepEqual(document.counts, { inSync: 0, applying: 0, error: 1, stale: 0, lost: 0, silent: 0 })
})

test('clients without identity are counted as silent while they are there', async (t) => {
  const plane = await startControlPlane(t)
  const client = await openStream(t, plane.url)
  await client.next()
  const fleet = (await plane.send('GET', `${api}/fleet?state=silent`)).read<Fleet>()
  assert.partialDeepStrictEqual(fleet.proxies, [{ id: 'anon-1', state: 'silent', remote: '127.0.0.1' }])
  client.close()
  while ((await plane.send('GET', `${api}/fleet`)).read<Fleet>().counts.silent > 0) await new Promise(setImmediate)
})

const labels: readonly { query: string; found: number }[] = [
  { query: 'label=zone', found: 1 },
  { query: 'label=zone=a', found: 1 },
  { query: 'label=zone=b', found: 0 },
  { query: 'label=zone=a&label=rack', found: 0 },
  { query: 'label=zone=a&state=applying', found: 1 },
  { query: 'label=zone=a&state=lost', found: 0 },
]
for (const { query, found } of labels) {
  test(`the fleet filtered by ${query} shows ${found}`, async (t) => {
    const plane = await startControlPlane(t)
    await active(plane, 'v1')
    await (await openStream(t, plane.url, stream, me)).next()
    const { proxies } = (await plane.send('GET', `${api}/fleet?${query}`)).read<Fleet>()
    assert.equal(proxies.length, found)
  })
}

test('a heartbeat shows traffic, and that a proxy lives', async (t) => {
  const plane = await startControlPlane(t)
  const { id, hash } = await active(plane, 'v1')
  const window = { seconds: 10, requests: 812, errors5xx: 3, p50Ms: 2, p99Ms: 41 }
  const beat = { proxyId: 'edge-9', bootId: 'b', seq: 1, snapshotId: id, hash, uptimeS: 5, connections: 7, window }
  assert.equal((await plane.send('POST', `${api}/sync/heartbeat`, beat)).status, 204)
  const stats = { requests: 812, errors5xx: 3, p99Ms: 41 }
  assert.partialDeepStrictEqual(await proxy(plane, 'edge-9'), { state: 'inSync', connectedSince: null, stats })
})

const malformed: readonly { name: string; body: unknown }[] = [
  { name: 'nothing', body: undefined },
  { name: 'an empty object', body: {} },
  {
    name: 'a result that is none',
    body: { proxyId: 'p', bootId: 'b', seq: 1, snapshotId: 's', hash: 'h', result: 'fine' },
  },
  {
    name: 'a number that is text',
    body: { proxyId: 'p', bootId: 'b', seq: '1', snapshotId: 's', hash: 'h', result: 'ok' },
  },
]
for (const { name, body } of malformed) {
  test(`an ack that is ${name} is refused`, async (t) => {
    const plane = await startControlPlane(t)
    const answer = await plane.send('POST', `${api}/sync/ack`, body)
    assert.equal(answer.status, 400)
    assert.deepEqual((await plane.send('GET', `${api}/fleet`)).read<Fleet>().proxies, [])
  })
}

test('an ack of a snapshot that nobody knows is taken', async (t) => {
  const plane = await startControlPlane(t)
  const ack = { proxyId: 'p', bootId: 'b', seq: 1, snapshotId: 'gone', hash: 'h', result: 'ok' }
  assert.equal((await plane.send('POST', `${api}/sync/ack`, ack)).status, 204)
  assert.partialDeepStrictEqual(await proxy(plane, 'p'), { snapshotId: 'gone' })
})

for (const [name, value] of [
  ['vrata-proxy-id', 'a b'],
  ['vrata-proxy-id', '../x'],
  ['vrata-proxy-labels', 'zone'],
  ['vrata-proxy-labels', 'a=%zz'],
] as const) {
  test(`a stream with ${name}: ${value} is refused`, async (t) => {
    const plane = await startControlPlane(t)
    const answer = await plane.send('GET', stream, undefined, { ...me, [name]: value })
    assert.equal(answer.status, 400)
    assert.match(answer.text, new RegExp(name))
  })
}
