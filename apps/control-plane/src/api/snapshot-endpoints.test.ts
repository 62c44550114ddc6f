import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import type { Problem, SnapshotDocument, SnapshotSummary } from '@vrata/model'
import { readHistory } from '../snapshots/active-pointer.ts'
import { SnapshotArchive } from '../snapshots/archive.ts'
import type { SnapshotMeta } from '../snapshots/meta.ts'
import { startControlPlane, type TestControlPlane } from '../testing/start.ts'

const api = '/api/v1'
const snapshots = `${api}/snapshots`

async function capture(plane: TestControlPlane, name = 'v'): Promise<SnapshotDocument> {
  const answer = await plane.send('POST', snapshots, { name })
  assert.equal(answer.status, 201, answer.text)
  return answer.read()
}

const route = (id: string, body: string) => ({ id, match: { path: `/${id}` }, directResponse: { status: 200, body } })
const listener = { id: 'l', name: 'web', port: 8080 }

test('a snapshot tells its content, its counts, its hash and what was given to it', async (t) => {
  const plane = await startControlPlane(t)
  await plane.send('POST', `${api}/listeners`, listener)
  await plane.send('POST', `${api}/routes`, route('r', 'x'))
  const request = { name: 'v1', description: 'first', labels: { team: 'a' } }
  const answer = await plane.send('POST', snapshots, request)
  const document = answer.read<SnapshotDocument>()
  const counts = { listeners: 1, destinations: 0, routes: 1, groups: 0, middlewares: 0 }
  assert.partialDeepStrictEqual(document, { ...request, counts, createdBy: 'anonymous' })
  assert.match(document.hash, /^sha256:[0-9a-f]{64}$/)
  assert.match(document.createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  assert.equal(answer.headers.location, `${snapshots}/${document.id}`)
  const { problems: _, ...stored } = document
  assert.deepEqual((await plane.send('GET', `${snapshots}/${document.id}`)).json, stored)
  const { snapshot: __, ...summary } = stored
  assert.deepEqual((await plane.send('GET', snapshots)).json, [{ ...summary, active: false }])
})

test('warnings do not refuse, and come with the answer', async (t) => {
  const plane = await startControlPlane(t)
  await plane.send('POST', `${api}/destinations`, { id: 'd', host: 'h', port: 80 })
  const { problems = [] } = await capture(plane)
  assert.ok(problems.some(({ severity, entity }) => severity === 'warning' && entity.id === 'd'))
})

test('all errors of a capture are told at once, and nothing is stored', async (t) => {
  const plane = await startControlPlane(t)
  const forward = (id: string) => ({
    id,
    match: { path: `/${id}` },
    forward: { destinations: [{ destinationId: 'no', weight: 1 }] },
  })
  await plane.send('POST', `${api}/routes`, forward('a'))
  await plane.send('POST', `${api}/routes`, forward('b'))
  await plane.send('POST', `${api}/listeners`, { id: 'l1', port: 80 })
  await plane.send('POST', `${api}/listeners`, { id: 'l2', port: 80 })
  const answer = await plane.send('POST', snapshots, { name: 'v' })
  assert.equal(answer.status, 400)
  const { code, problems } = answer.read<{ code: string; problems: Problem[] }>()
  assert.equal(code, 'capture_refused')
  const errors = problems.filter(({ severity }) => severity === 'error')
  const ids = new Set(errors.map(({ entity }) => entity.id))
  for (const id of ['a', 'b']) assert.ok(ids.has(id), id)
  assert.ok(ids.has('l1') || ids.has('l2'))
  assert.deepEqual((await plane.send('GET', snapshots)).json, [])
  assert.ok(plane.log.some(({ msg }) => msg === 'capture refused'))
})

test('a capture while others write shows one moment', async (t) => {
  const plane = await startControlPlane(t)
  const write = async (method: string, n: number) => {
    const path = (kind: string, id: string) => `${api}/${kind}${method === 'PUT' ? `/${id}` : ''}`
    await plane.send(method, path('routes', 'r'), { ...route('r', 'x'), name: `${n}` })
    await plane.send(method, path('groups', 'g'), { id: 'g', name: `${n}`, routeIds: ['r'] })
    await plane.send(method, path('listeners', 'l'), { ...listener, name: `${n}` })
  }
  await write('POST', 0)
  let writing = true
  const writer = (async () => {
    for (let n = 1; writing; n++) await write('PUT', n)
  })()
  for (let n = 0; n < 25; n++) {
    const { snapshot } = await capture(plane)
    const [r, g, l] = [snapshot.routes, snapshot.groups, snapshot.listeners].map(([entity]) => Number(entity?.name))
    assert.ok(r !== undefined && g !== undefined && l !== undefined)
    assert.ok(r - g === 0 || r - g === 1, `${r} ${g} ${l}`)
    assert.ok(g - l === 0 || g - l === 1, `${r} ${g} ${l}`)
    assert.ok(r - l <= 1, `${r} ${g} ${l}`)
  }
  writing = false
  await writer
})

test('equal contents have equal hashes, another secret another one', async (t) => {
  const plane = await startControlPlane(t)
  await plane.send('POST', `${api}/secrets`, { id: 's', name: 's', value: 'hush' })
  await plane.send('POST', `${api}/routes`, route('r', '{{secret:value:s}}'))
  const [first, second] = [await capture(plane), await capture(plane)]
  assert.equal(first.hash, second.hash)
  await plane.send('PUT', `${api}/secrets/s`, { name: 's', value: 'hush!' })
  const third = await capture(plane)
  assert.notEqual(third.hash, first.hash)
  assert.equal(third.snapshot.routes[0]?.directResponse?.body, 'hush!')
  const old = (await plane.send('GET', `${snapshots}/${first.id}`)).read<SnapshotDocument>()
  assert.equal(old.snapshot.routes[0]?.directResponse?.body, 'hush', 'snapshots never change')
})

test('redacted, a snapshot shows fingerprints where secrets are', async (t) => {
  const plane = await startControlPlane(t)
  await plane.send('POST', `${api}/secrets`, { id: 's', name: 's', value: 'hush' })
  for (const id of ['a', 'b']) await plane.send('POST', `${api}/routes`, route(id, '{{secret:value:s}}'))
  await plane.send('POST', `${api}/routes`, route('c', 'plain'))
  const { id } = await capture(plane)
  const [clear, redacted] = [
    await plane.send('GET', `${snapshots}/${id}`),
    await plane.send('GET', `${snapshots}/${id}?redact=true`),
  ]
  assert.match(clear.text, /hush/)
  assert.doesNotMatch(redacted.text, /hush/)
  const [a, b, c] = redacted.read<SnapshotDocument>().snapshot.routes.map((one) => one.directResponse?.body)
  assert.match(a ?? '', /^<secret [0-9a-f]{12}>$/)
  assert.equal(a, b)
  assert.equal(c, 'plain')
  assert.notEqual(redacted.headers.etag, clear.headers.etag)
})

test('references read variables and files of the control plane within its rules', async (t) => {
  const plane = await startControlPlane(t, { env: { TOKEN: 'hush', KEY: 'never' }, sensitiveVariables: ['KEY'] })
  await plane.send('POST', `${api}/routes`, route('r', '{{secret:env:TOKEN}}'))
  assert.equal((await capture(plane)).snapshot.routes[0]?.directResponse?.body, 'hush')
  await plane.send('PUT', `${api}/routes/r`, route('r', '{{secret:env:KEY}}'))
  const refused = await plane.send('POST', snapshots, { name: 'v' })
  assert.equal(refused.status, 400)
  assert.match(refused.text, /KEY/)
  assert.doesNotMatch(refused.text, /never/)
})

test('newest first, in the list of snapshots', async (t) => {
  const plane = await startControlPlane(t)
  for (const name of ['a', 'b', 'c']) {
    await capture(plane, name)
    const made = Date.now()
    while (Date.now() <= made) await new Promise(setImmediate) // another millisecond
  }
  const names = (await plane.send('GET', snapshots)).read<SnapshotSummary[]>().map(({ name }) => name)
  assert.deepEqual(names, ['c', 'b', 'a'])
})

test('the summary tells when a snapshot was last activated, also when another one is active', async (t) => {
  const plane = await startControlPlane(t)
  const [a, b] = [await capture(plane, 'a'), await capture(plane, 'b')]
  await plane.send('POST', `${snapshots}/${a.id}/activate`)
  const { activatedAt } = (await plane.send('POST', `${snapshots}/${b.id}/activate`)).read<SnapshotSummary>()
  const summaries = (await plane.send('GET', snapshots)).read<SnapshotSummary[]>()
  assert.equal(summaries.find(({ id }) => id === b.id)?.activatedAt, activatedAt)
  assert.ok(summaries.find(({ id }) => id === a.id)?.activatedAt)
})

const bodies: readonly { body: string; status: number }[] = [
  { body: '{"reason":"because","force":true}', status: 200 },
  { body: '{"strategy":{}}', status: 400 },
  { body: '{"reason":1}', status: 400 },
  { body: '[]', status: 400 },
  { body: 'no', status: 400 },
]
for (const { body, status } of bodies) {
  test(`an activation with the body ${body} is answered ${status}`, async (t) => {
    const plane = await startControlPlane(t)
    const { id } = await capture(plane)
    const answer = await plane.send('POST', `${snapshots}/${id}/activate`, body)
    assert.equal(answer.status, status, answer.text)
    const active = (await plane.send('GET', snapshots)).read<SnapshotSummary[]>()[0]?.active
    assert.equal(active, status === 200)
    if (status === 200) assert.ok(plane.log.some((line) => line['reason'] === 'because' && line['to'] === id))
  })
}

test('what activation does not know of is not found, and an activation can be conditional', async (t) => {
  const plane = await startControlPlane(t)
  assert.equal((await plane.send('POST', `${snapshots}/none/activate`)).status, 404)
  const { id } = await capture(plane)
  const tag = (await plane.send('GET', `${snapshots}/${id}`)).headers.etag ?? ''
  const activate = (condition: string) =>
    plane.send('POST', `${snapshots}/${id}/activate`, undefined, { 'if-match': condition })
  assert.equal((await activate('"other"')).status, 412)
  const done = await activate(tag)
  assert.equal(done.status, 200)
  assert.equal(done.headers.etag, tag)
  assert.equal((await activate('*')).status, 200)
})

test('concurrent activations take one number each, and the last one is what is active', async (t) => {
  const plane = await startControlPlane(t)
  const ids = [(await capture(plane)).id, (await capture(plane)).id, (await capture(plane)).id]
  const answers = await Promise.all(
    Array.from({ length: 12 }, (_, n) => plane.send('POST', `${snapshots}/${ids[n % 3]}/activate`)),
  )
  assert.ok(answers.every(({ status }) => status === 200))
  const history = await readHistory(plane.store)
  assert.deepEqual(
    history.map(({ seq }) => seq),
    history.map((_, index) => index + 1),
  )
  const active = (await plane.send('GET', snapshots)).read<SnapshotSummary[]>().filter((one) => one.active)
  assert.deepEqual(
    active.map(({ id }) => id),
    [history.at(-1)?.id],
  )
})

test('of a deletion and an activation of one snapshot the store never shows both', async (t) => {
  const plane = await startControlPlane(t)
  for (let n = 0; n < 8; n++) {
    const { id } = await capture(plane)
    const [activated, deleted] = await Promise.all([
      plane.send('POST', `${snapshots}/${id}/activate`),
      plane.send('DELETE', `${snapshots}/${id}`),
    ])
    const both = [activated.status, deleted.status].join()
    assert.ok(['200,409', '404,204'].includes(both), both)
  }
})

test('a snapshot that no longer compiles does not become active', async (t) => {
  const plane = await startControlPlane(t)
  const good = await capture(plane)
  await plane.send('POST', `${snapshots}/${good.id}/activate`)
  const meta: SnapshotMeta = {
    id: randomUUID(),
    name: 'of an older version',
    createdAt: new Date().toISOString(),
    createdBy: 'anonymous',
    hash: 'sha256:00',
    counts: {},
    secretPointers: [],
    usedSecrets: {},
  }
  const config = { listeners: [{ id: 'l', port: 99999 }], routes: [], groups: [], destinations: [], middlewares: [] }
  await new SnapshotArchive(plane.store).add(meta, Buffer.from(JSON.stringify(config)))
  const answer = await plane.send('POST', `${snapshots}/${meta.id}/activate`)
  assert.equal(answer.status, 409, answer.text)
  assert.partialDeepStrictEqual(answer.json, {
    code: 'conflict',
    problems: [{ entity: { id: 'l' }, pointer: '/port' }],
  })
  const active = (await plane.send('GET', snapshots)).read<SnapshotSummary[]>().find((one) => one.active)
  assert.equal(active?.id, good.id)
})

test('an older snapshot is compiled and activated after a restart', async (t) => {
  const plane = await startControlPlane(t)
  await plane.send('POST', `${api}/listeners`, listener)
  const { id } = await capture(plane)
  await plane.close()
  const again = await startControlPlane(t, { directory: plane.directory })
  assert.equal((await again.send('POST', `${snapshots}/${id}/activate`)).status, 200)
})

test('a snapshot larger than a commit of the store is stored whole and removed whole', async (t) => {
  const plane = await startControlPlane(t, { store: { limits: { operations: 3, bytes: 1_100_000 } } })
  const noise = () => Array.from({ length: 500_000 }, () => Math.random().toString(36).charAt(2)).join('')
  for (let n = 0; n < 6; n++) {
    assert.equal((await plane.send('POST', `${api}/routes`, route(`r${n}`, noise()))).status, 201)
  }
  const { id, snapshot } = await capture(plane)
  await plane.close()
  const again = await startControlPlane(t, {
    directory: plane.directory,
    store: { limits: { operations: 3, bytes: 1_100_000 } },
  })
  const read = (await again.send('GET', `${snapshots}/${id}`)).read<SnapshotDocument>()
  assert.deepEqual(read.snapshot, snapshot)
  assert.equal((await again.send('DELETE', `${snapshots}/${id}`)).status, 204)
  assert.deepEqual((await again.store.list('s/')).items, [])
})

test('clients that do not read a large snapshot do not make copies of it', async (t) => {
  const plane = await startControlPlane(t)
  for (let n = 0; n < 10; n++) await plane.send('POST', `${api}/routes`, route(`r${n}`, 'x'.repeat(900_000)))
  const { id } = await capture(plane)
  const before = process.memoryUsage().arrayBuffers
  const { hostname, port } = new URL(plane.url)
  for (let n = 0; n < 10; n++) {
    const socket = connect(Number(port), hostname)
    t.after(() => socket.destroy())
    socket.write(`GET ${snapshots}/${id} HTTP/1.1\r\nHost: a\r\n\r\n`)
    await once(socket, 'readable')
  }
  const copies = (process.memoryUsage().arrayBuffers - before) / 9_000_000
  assert.ok(copies < 3, `${copies} copies`)
})
