import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, eventually, freePort, snapshot, startProxy } from '@vrata/testkit'
import { documentOf, event, startFakeControlPlane } from './fake-control-plane.ts'

/** A proxy that serves the snapshot `good`, which a fake control plane has sent to it. */
async function servingProxy(t: Parameters<typeof startProxy>[0]) {
  const plane = await startFakeControlPlane(t)
  const proxy = await startProxy(t, { controlPlane: plane.url })
  const port = await freePort()
  const base = snapshot().listener('web', port)
  await plane.write(event(documentOf('good', 1, base.respond('all', '/', 'good')), 1))
  assert.equal((await plane.ackOf('good')).result, 'ok')
  return { plane, proxy, base, url: `http://127.0.0.1:${port}` }
}

/** What a stream may bring that is no snapshot. */
const broken: readonly { what: string; bytes: (document: string) => string }[] = [
  { what: 'a document cut off', bytes: (text) => event(text.slice(0, text.length / 2), 2) },
  { what: 'an empty document', bytes: () => event('{}', 2) },
  { what: 'a list', bytes: () => event('[]', 2) },
  { what: 'nothing', bytes: () => event('', 2) },
  { what: 'no JSON', bytes: () => event('<html>', 2) },
  {
    what: 'a document without its lists',
    bytes: () => event('{"id":"bad","name":"bad","createdAt":"2026-01-05T10:00:00Z","hash":"sha256:bad","seq":2}', 2),
  },
  { what: 'an event nobody knows', bytes: (text) => `event: surprise\ndata: ${text}\n\n` },
  { what: 'bytes that are no events', bytes: () => '\u0000\u0001 not: an event \n\n::\n\n' },
]

for (const { what, bytes } of broken) {
  test(`a proxy that is sent ${what} serves on and takes the next good snapshot`, async (t) => {
    const { plane, proxy, base, url } = await servingProxy(t)
    const { pid } = proxy.program
    await plane.write(bytes(documentOf('bad', 2, base.respond('all', '/', 'bad'))))
    await plane.write(event(documentOf('next', 3, base.respond('all', '/', 'next')), 3))
    assert.equal((await plane.ackOf('next')).result, 'ok')
    assert.equal((await ask(url)).body, 'next')
    assert.equal(proxy.program.pid, pid)
  })
}

test('a stream that is cut in the middle of a document brings nothing, and the proxy comes back for it', async (t) => {
  const { plane, base, url } = await servingProxy(t)
  const document = documentOf('next', 2, base.respond('all', '/', 'next'))
  const whole = event(document, 2)
  await plane.writeAndCut(whole.slice(0, -20))
  assert.equal((await ask(url)).body, 'good')
  await eventually('the proxy to come back', () => plane.streamCount >= 2)
  assert.equal((await ask(url)).body, 'good')
  assert.ok(plane.acks.every(({ snapshotId }) => snapshotId === 'good'))
  await plane.write(whole)
  assert.equal((await plane.ackOf('next')).result, 'ok')
  assert.equal((await ask(url)).body, 'next')
})

test('a snapshot that cannot be compiled is refused with the entity, and the old one goes on', async (t) => {
  const { plane, base, url } = await servingProxy(t)
  const bad = base.route('broken', { name: 'broken', match: { pathRegex: '(' }, directResponse: { status: 200 } })
  await plane.write(event(documentOf('bad', 2, bad), 2))
  const ack = await plane.ackOf('bad')
  assert.equal(ack.result, 'error')
  const [problem] = ack.problems ?? []
  assert.deepEqual([problem?.entity.id, problem?.pointer], ['broken', '/match/pathRegex'])
  assert.equal(ack.running?.snapshotId, 'good')
  assert.equal((await ask(url)).body, 'good')
})

test('a snapshot that names a destination which does not exist is refused whole', async (t) => {
  const { plane, base, url } = await servingProxy(t)
  await plane.write(event(documentOf('bad', 2, base.respond('all', '/', 'new').forward('f', '/f', 'no-such')), 2))
  const ack = await plane.ackOf('bad')
  assert.equal(ack.result, 'error')
  assert.match(ack.problems?.[0]?.message ?? '', /no-such/)
  assert.equal((await ask(url)).body, 'good', 'no part of it is served')
})

test('a document of 20 MB in one line is applied', async (t) => {
  const { plane, base, url } = await servingProxy(t)
  const filler = 'x'.repeat(20_000_000)
  const big = base.respond('all', '/', 'big').respond('filler', '/filler', filler)
  await plane.write(event(documentOf('big', 2, big), 2))
  assert.equal((await plane.ackOf('big')).result, 'ok')
  assert.equal((await ask(url)).body, 'big')
  assert.equal((await ask(`${url}/filler`)).body.length, filler.length)
})

test('a line end of either kind and comments between events are understood', async (t) => {
  const { plane, base, url } = await servingProxy(t)
  const document = documentOf('next', 2, base.respond('all', '/', 'next'))
  await plane.write(`: keepalive\r\n\r\nevent: snapshot\r\nid: 2\r\ndata: ${document}\r\n\r\n`)
  assert.equal((await plane.ackOf('next')).result, 'ok')
  assert.equal((await ask(url)).body, 'next')
})
