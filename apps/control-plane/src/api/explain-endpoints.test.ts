import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { Explanation, Problem } from '@vrata/model'
import { startControlPlane, type TestControlPlane } from '../testing/start.ts'

const api = '/api/v1'

async function put(plane: TestControlPlane, kind: string, entity: object): Promise<void> {
  const answer = await plane.send('POST', `${api}/${kind}`, entity)
  assert.equal(answer.status, 201, answer.text)
}

async function capture(plane: TestControlPlane): Promise<string> {
  const answer = await plane.send('POST', `${api}/snapshots`, { name: 'v' })
  assert.equal(answer.status, 201, answer.text)
  return answer.read<{ id: string }>().id
}

async function explain(plane: TestControlPlane, request: object): Promise<Explanation> {
  const answer = await plane.send('POST', `${api}/explain`, request)
  assert.equal(answer.status, 200, answer.text)
  return answer.read()
}

const route = (id: string, path: string) => ({ id, name: id, match: { path }, directResponse: { status: 200 } })

/** One with a listener, and a route `old` for `/a` that is staged. */
async function prepared(t: Parameters<typeof startControlPlane>[0], ...options: [] | [object]) {
  const plane = await startControlPlane(t, ...options)
  await put(plane, 'listeners', { id: 'l', name: 'web', port: 8080 })
  await put(plane, 'routes', route('old', '/a'))
  return plane
}

test('what is staged is asked while nothing is active, then the active snapshot; any other by its id', async (t) => {
  const plane = await prepared(t)
  const staged = await explain(plane, { path: '/a' })
  assert.partialDeepStrictEqual(staged, { source: { kind: 'staged', id: 'staged' }, route: { id: 'old', name: 'old' } })
  assert.match(staged.source.hash, /^sha256:/)

  const first = await capture(plane)
  await plane.send('POST', `${api}/snapshots/${first}/activate`, null)
  await put(plane, 'routes', route('new', '/b'))
  const second = await capture(plane)
  const found = async (path: string, source?: string) => {
    const { source: told, route: winner } = await explain(plane, { path, ...(source ? { source } : {}) })
    return [told.kind, told.id, winner?.id]
  }
  assert.deepEqual(await found('/a'), ['active', first, 'old'])
  assert.deepEqual(await found('/b'), ['active', first, undefined])
  assert.deepEqual(await found('/b', 'active'), ['active', first, undefined])
  assert.deepEqual(await found('/b', 'staged'), ['staged', 'staged', 'new'])
  assert.deepEqual(await found('/b', second), ['snapshot', second, 'new'])
  assert.deepEqual(await found('/a', first), ['snapshot', first, 'old'])
  assert.equal(
    (await explain(plane, { source: 'staged' })).source.hash,
    (await explain(plane, { source: second })).source.hash,
  )

  await plane.send('POST', `${api}/snapshots/${second}/activate`, null)
  assert.deepEqual(await found('/b'), ['active', second, 'new'])
  await plane.send('DELETE', `${api}/snapshots/${first}`)
  assert.equal((await plane.send('POST', `${api}/explain`, { source: first })).status, 404)
  await plane.send('DELETE', `${api}/snapshots/${second}?force=true`)
  assert.equal((await plane.send('POST', `${api}/explain`, { source: second })).status, 404)
  assert.deepEqual(await found('/b'), ['staged', 'staged', 'new'])
})

test('a body that is missing, null or empty asks for GET http://localhost/', async (t) => {
  const plane = await prepared(t)
  for (const body of [undefined, 'null', '{}']) {
    const answer = await plane.send('POST', `${api}/explain`, body)
    assert.equal(answer.status, 200, answer.text)
    assert.partialDeepStrictEqual(answer.json, {
      matched: false,
      request: { method: 'GET', host: 'localhost', path: '/' },
    })
  }
})

test('questions in parallel are answered each for itself', async (t) => {
  const plane = await prepared(t)
  const id = await capture(plane)
  const paths = Array.from({ length: 20 }, (_, n) => (n % 2 ? '/a' : '/b'))
  const answers = await Promise.all(paths.map((path) => explain(plane, { path, source: id })))
  assert.deepEqual(
    answers.map(({ matched }) => matched),
    paths.map((path) => path === '/a'),
  )
})

test('what is staged and would not be captured is answered with every problem', async (t) => {
  const plane = await prepared(t)
  const forward = { destinations: [{ destinationId: 'no', weight: 100 }] }
  await put(plane, 'routes', { id: 'x', match: { path: '/x' }, forward })
  await put(plane, 'routes', { id: 'y', match: { path: '/{{secret:value:none}}' }, forward })
  const answer = await plane.send('POST', `${api}/explain`, { source: 'staged' })
  assert.equal(answer.status, 400)
  const { code, problems } = answer.read<{ code: string; problems: Problem[] }>()
  assert.equal(code, 'capture_refused')
  const found = problems.map((problem) => `${problem.code} ${problem.entity.id} ${problem.pointer}`)
  assert.ok(found.includes('reference.missing x /forward/destinations/0/destinationId'), answer.text)
  assert.ok(found.includes('secret.unresolved y /match/path'), answer.text)
})

test('a secret decides, and is not told', async (t) => {
  const plane = await prepared(t, { env: { KEY: 'hush-hush' } })
  const headers = [{ name: 'x-key', value: '{{secret:env:KEY}}' }]
  await put(plane, 'routes', { id: 's', match: { path: '/s', headers }, directResponse: { status: 200 } })
  const right = await explain(plane, { path: '/s', headers: { 'x-key': 'hush-hush' } })
  assert.equal(right.route?.id, 's')
  const captured = await capture(plane)
  for (const source of ['staged', captured]) {
    const answer = await plane.send('POST', `${api}/explain`, { path: '/s', source, headers: { 'x-key': 'guess' } })
    assert.doesNotMatch(answer.text, /hush/)
    assert.match(answer.text, /"expected":"<secret>"/)
  }
})

test('without a seed one is made up and told, and gives the same choice when it is sent', async (t) => {
  const plane = await prepared(t)
  const destinations = ['a', 'b'].map((destinationId) => ({ destinationId, weight: 50 }))
  for (const id of ['a', 'b']) await put(plane, 'destinations', { id, host: '10.0.0.1', port: 80 })
  await put(plane, 'routes', { id: 'f', match: { path: '/f' }, forward: { destinations } })
  const id = await capture(plane)
  const chosen = async (seed?: number) => {
    const { action } = await explain(plane, { path: '/f', source: id, ...(seed === undefined ? {} : { seed }) })
    assert.ok(action?.kind === 'forward')
    return action.chosen
  }
  const several = await Promise.all(Array.from({ length: 40 }, () => chosen()))
  assert.deepEqual(new Set(several.map(({ destinationId }) => destinationId)), new Set(['a', 'b']))
  for (const one of several.slice(0, 5)) assert.deepEqual(await chosen(one.seed), one)
})

const invalid: readonly [name: string, request: object, pointer: string][] = [
  ['an unknown field', { pth: '/' }, '/pth'],
  ['a method that is none', { method: 'G T' }, '/method'],
  ['a scheme that is none', { scheme: 'ftp' }, '/scheme'],
  ['a header name that is none', { headers: { 'a b': '1' } }, '/headers/a b'],
  ['a header value that is none', { headers: { a: 'b\r\nc' } }, '/headers/a'],
  ['a header that is a number', { headers: { a: 1 } }, '/headers/a'],
  ['an address that is none', { clientIp: 'localhost' }, '/clientIp'],
  ['two queries', { path: '/?a', query: 'b' }, '/query'],
  ['two hosts', { host: 'a', headers: { Host: 'b' } }, '/headers/Host'],
  ['a contradiction', { scheme: 'http', tls: true }, '/tls'],
  ['a listener that is not there', { listenerId: 'none' }, '/listenerId'],
  ['a seed that is none', { seed: 1.5 }, '/seed'],
  ['TLS that is none', { tls: { cert: 'x' } }, '/tls/cert'],
]
for (const [name, request, pointer] of invalid) {
  test(`a request to explain with ${name} is refused at ${pointer}`, async (t) => {
    const answer = await (await prepared(t)).send('POST', `${api}/explain`, request)
    assert.equal(answer.status, 400, answer.text)
    const { code, problems } = answer.read<{ code: string; problems: Problem[] }>()
    assert.equal(code, 'invalid')
    assert.deepEqual(
      problems.map((problem) => problem.pointer),
      [pointer],
    )
  })
}

test('an unknown snapshot is not found, a large body too large', async (t) => {
  const plane = await prepared(t, { config: { limits: { bodyBytes: 1000 } } })
  const missing = await plane.send('POST', `${api}/explain`, { source: 'no-such' })
  assert.equal(missing.status, 404)
  assert.partialDeepStrictEqual(missing.json, { error: 'snapshot "no-such": resource not found', code: 'not_found' })
  assert.equal((await plane.send('POST', `${api}/explain`, { body: 'x'.repeat(2000) })).status, 413)
})

test('a snapshot that an older version captured and this one refuses is told as such', async (t) => {
  const plane = await prepared(t)
  const id = await capture(plane)
  const { items } = await plane.store.list(`s/${id}/`)
  const broken = {
    listeners: [],
    groups: [],
    destinations: [],
    middlewares: [],
    routes: [{ id: 'r', match: { pth: 1 } }],
  }
  const [chunk] = items
  assert.ok(chunk)
  await plane.store.commit([{ put: chunk.key, value: gzipSync(JSON.stringify(broken)) }])
  await plane.close()
  const again = await startControlPlane(t, { directory: plane.directory })
  const answer = await again.send('POST', `${api}/explain`, { source: id })
  assert.equal(answer.status, 409, answer.text)
  assert.partialDeepStrictEqual(answer.json, { code: 'conflict' })
})
