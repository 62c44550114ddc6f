import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startControlPlane } from '../testing/start.ts'

const api = '/api/v1'
const samples = {
  listeners: { name: 'n', port: 8080 },
  destinations: { name: 'n', host: 'h', port: 80 },
  routes: { name: 'n', directResponse: { status: 204 } },
  groups: { name: 'n' },
  middlewares: { name: 'n', type: 'headers', headers: {} },
  secrets: { name: 'n', value: 'v' },
} as const

for (const [collection, sample] of Object.entries(samples)) {
  test(`${collection}: create, read, list, replace, delete`, async (t) => {
    const plane = await startControlPlane(t)
    const created = await plane.send('POST', `${api}/${collection}`, { id: 'x', ...sample })
    assert.equal(created.status, 201, created.text)
    assert.equal(created.headers.location, `${api}/${collection}/x`)
    assert.partialDeepStrictEqual((await plane.send('GET', `${api}/${collection}/x`)).json, { id: 'x', ...sample })
    const replaced = await plane.send('PUT', `${api}/${collection}/x`, { ...sample, name: 'other', id: 'x' })
    assert.equal(replaced.status, 200, replaced.text)
    assert.notEqual(replaced.headers.etag, created.headers.etag)
    assert.partialDeepStrictEqual((await plane.send('GET', `${api}/${collection}`)).json, [{ id: 'x', name: 'other' }])
    const deleted = await plane.send('DELETE', `${api}/${collection}/x`)
    assert.equal(deleted.status, 204)
    assert.equal(deleted.text, '')
    assert.equal((await plane.send('GET', `${api}/${collection}/x`)).status, 404)
    assert.deepEqual((await plane.send('GET', `${api}/${collection}`)).json, [])
  })
}

test('what is stored is what was sent, without nulls, and survives a restart', async (t) => {
  const plane = await startControlPlane(t)
  const sent = {
    id: 'r',
    match: { pathPrefix: '/a', methods: null },
    forward: null,
    directResponse: { status: 200, body: 'é\u2028😀' },
  }
  await plane.send('POST', `${api}/routes`, sent)
  const expected = {
    id: 'r',
    name: '',
    match: { pathPrefix: '/a' },
    directResponse: { status: 200, body: 'é\u2028😀' },
  }
  const before = await plane.send('GET', `${api}/routes/r`)
  assert.deepEqual(before.json, expected)
  await plane.close()
  const again = await startControlPlane(t, { directory: plane.directory })
  const after = await again.send('GET', `${api}/routes/r`)
  assert.deepEqual(after.json, expected)
  assert.equal(after.headers.etag, before.headers.etag)
})

test('lists are sorted by id in byte order', async (t) => {
  const plane = await startControlPlane(t)
  for (const id of ['b', 'B', 'a:1', 'a', '10', '9', 'a.1', 'Z~', 'a@1', 'a-1', 'a_1']) {
    const { status } = await plane.send('POST', `${api}/groups`, { id, name: id })
    assert.equal(status, 201, id)
  }
  const ids = (await plane.send('GET', `${api}/groups`)).read<{ id: string }[]>().map(({ id }) => id)
  assert.deepEqual(
    ids,
    [...ids].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
  )
  assert.equal(ids.length, 11)
})

const ids: readonly { id: unknown; status: number }[] = [
  { id: 'a', status: 201 },
  { id: 'k8s:ns~name@1.2_3-4', status: 201 },
  { id: 'x'.repeat(128), status: 201 },
  { id: '', status: 201 },
  { id: null, status: 201 },
  { id: 'x'.repeat(129), status: 400 },
  { id: '-a', status: 400 },
  { id: 'a/b', status: 400 },
  { id: '..', status: 400 },
  { id: 'é', status: 400 },
  { id: 'a b', status: 400 },
  { id: 7, status: 400 },
  { id: ['a'], status: 400 },
]
for (const { id, status } of ids) {
  test(`POST with the id ${JSON.stringify(id)?.slice(0, 30)} is answered ${status}`, async (t) => {
    const plane = await startControlPlane(t)
    const answer = await plane.send('POST', `${api}/groups`, { id, name: 'n' })
    assert.equal(answer.status, status, answer.text)
    if (status === 400) assert.partialDeepStrictEqual(answer.json, { code: 'invalid', problems: [{ pointer: '/id' }] })
  })
}

const names: readonly { name: unknown; status: number }[] = [
  { name: 'k8s:ns/name/rule-0/match-0', status: 201 },
  { name: '', status: 201 },
  { name: undefined, status: 201 },
  { name: 'x'.repeat(512), status: 201 },
  { name: 'x'.repeat(513), status: 400 },
  { name: 'a\nb', status: 400 },
  { name: 5, status: 400 },
]
for (const { name, status } of names) {
  test(`the name ${JSON.stringify(name)?.slice(0, 30)} is answered ${status}`, async (t) => {
    const plane = await startControlPlane(t)
    assert.equal((await plane.send('POST', `${api}/groups`, { name })).status, status)
  })
}

test('PUT refuses another id in the body and takes the same or none', async (t) => {
  const plane = await startControlPlane(t)
  await plane.send('POST', `${api}/groups`, { id: 'g', name: 'n' })
  for (const [id, status] of [
    ['g', 200],
    ['', 200],
    [undefined, 200],
    ['h', 400],
  ] as const) {
    const answer = await plane.send('PUT', `${api}/groups/g`, { id, name: 'n' })
    assert.equal(answer.status, status, answer.text)
    if (status === 400) assert.partialDeepStrictEqual(answer.json, { problems: [{ pointer: '/id' }] })
  }
})

test('PUT says 404 before it looks at the body', async (t) => {
  const plane = await startControlPlane(t)
  const answer = await plane.send('PUT', `${api}/groups/none`, 'no json', { 'content-type': 'text/plain' })
  assert.equal(answer.status, 404)
})

test('all problems of a document are listed at once, sorted, with their entity', async (t) => {
  const plane = await startControlPlane(t)
  const answer = await plane.send('POST', `${api}/routes`, {
    id: 'r-1',
    name: 'checkout',
    match: { pathPrefx: '/x' },
    forward: { destinations: [{ destinationId: 'd', weight: 100 }], timeouts: { request: '10 sec' } },
  })
  const entity = { kind: 'route', id: 'r-1', name: 'checkout' }
  assert.partialDeepStrictEqual(answer.json, {
    error: 'the route is not valid: 2 problems',
    code: 'invalid',
    problems: [
      { entity, pointer: '/forward/timeouts/request', suggestion: '10s', severity: 'error' },
      { entity, pointer: '/match/pathPrefx', suggestion: 'pathPrefix', severity: 'error' },
    ],
  })
})

test('no more than 500 problems are listed', async (t) => {
  const plane = await startControlPlane(t)
  const methods = Array.from({ length: 700 }, () => 'not a method')
  const answer = await plane.send('POST', `${api}/routes`, { match: { methods }, directResponse: { status: 200 } })
  assert.equal(answer.status, 400)
  const { problems, truncated } = answer.read<{ problems: unknown[]; truncated?: boolean }>()
  assert.equal(problems.length, 500)
  assert.equal(truncated, true)
})

test('while no id is assigned problems name none', async (t) => {
  const plane = await startControlPlane(t)
  const answer = await plane.send('POST', `${api}/groups`, { name: 'g', pathPrefx: '/' })
  assert.deepEqual(answer.read<{ problems: { entity: object }[] }>().problems[0]?.entity, { kind: 'group', name: 'g' })
})

const conditions: readonly {
  name: string
  method: string
  header: string
  value: (tag: string) => string
  status: number
}[] = [
  { name: 'its tag', method: 'PUT', header: 'if-match', value: (tag) => tag, status: 200 },
  { name: 'a list with its tag', method: 'PUT', header: 'if-match', value: (tag) => `"x", ${tag}`, status: 200 },
  { name: 'a star', method: 'PUT', header: 'if-match', value: () => '*', status: 200 },
  { name: 'another tag', method: 'PUT', header: 'if-match', value: () => '"x"', status: 412 },
  { name: 'its tag made weak', method: 'PUT', header: 'if-match', value: (tag) => `W/${tag}`, status: 412 },
  { name: 'its tag without quotes', method: 'PUT', header: 'if-match', value: (tag) => tag.slice(1, -1), status: 412 },
  { name: 'its tag', method: 'DELETE', header: 'if-match', value: (tag) => tag, status: 204 },
  { name: 'another tag', method: 'DELETE', header: 'if-match', value: () => '"x"', status: 412 },
  { name: 'its tag', method: 'GET', header: 'if-none-match', value: (tag) => tag, status: 304 },
  { name: 'its tag made weak', method: 'GET', header: 'if-none-match', value: (tag) => `W/${tag}`, status: 304 },
  { name: 'its tag', method: 'HEAD', header: 'if-none-match', value: (tag) => tag, status: 304 },
  { name: 'a star', method: 'GET', header: 'if-none-match', value: () => '*', status: 304 },
  { name: 'another tag', method: 'GET', header: 'if-none-match', value: () => '"x"', status: 200 },
]
for (const { name, method, header, value, status } of conditions) {
  test(`${method} with ${name} in ${header} is answered ${status}`, async (t) => {
    const plane = await startControlPlane(t)
    const created = await plane.send('POST', `${api}/groups`, { id: 'g', name: 'n' })
    const tag = created.headers.etag ?? ''
    const body = method === 'PUT' ? { name: 'm' } : undefined
    const answer = await plane.send(method, `${api}/groups/g`, body, { [header]: value(tag) })
    assert.equal(answer.status, status, answer.text)
    if (status === 412) {
      assert.equal(answer.headers.etag, tag)
      assert.partialDeepStrictEqual((await plane.send('GET', `${api}/groups/g`)).json, { name: 'n' })
    }
    if (status === 304) assert.equal(answer.text, '')
  })
}

test('a list is not modified until anything is written', async (t) => {
  const plane = await startControlPlane(t)
  const tag = (await plane.send('GET', `${api}/groups`)).headers.etag ?? ''
  assert.match(tag, /^W\/"/)
  assert.equal((await plane.send('GET', `${api}/groups`, undefined, { 'if-none-match': tag })).status, 304)
  await plane.send('POST', `${api}/groups`, { name: 'n' })
  assert.equal((await plane.send('GET', `${api}/groups`, undefined, { 'if-none-match': tag })).status, 200)
})

test('of many replacements with one tag exactly one wins', async (t) => {
  const plane = await startControlPlane(t)
  const { headers } = await plane.send('POST', `${api}/groups`, { id: 'g', name: 'n' })
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, n) =>
      plane.send('PUT', `${api}/groups/g`, { name: `${n}` }, { 'if-match': headers.etag ?? '' }),
    ),
  )
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, ...Array(9).fill(412)])
})

test('many unconditional replacements all succeed', async (t) => {
  const plane = await startControlPlane(t)
  await plane.send('POST', `${api}/groups`, { id: 'g', name: 'n' })
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, n) => plane.send('PUT', `${api}/groups/g`, { name: `${n}` })),
  )
  assert.ok(answers.every(({ status }) => status === 200))
})

test('values of secrets are neither logged nor in refusals', async (t) => {
  const plane = await startControlPlane(t)
  await plane.send('POST', `${api}/secrets`, { id: 's', name: 'tok', value: 'hush' })
  await plane.send('PUT', `${api}/secrets/s`, { name: 'tok', value: 'hush' })
  const refused = await plane.send('POST', `${api}/secrets`, { name: '', value: 'hush', hush: 1 })
  assert.equal(refused.status, 400)
  await plane.send('DELETE', `${api}/secrets/s`)
  const messages = plane.log.map(({ msg }) => msg)
  for (const what of ['created', 'updated', 'deleted']) assert.ok(messages.includes(`secret ${what}`), what)
  const line = plane.log.find(({ msg }) => msg === 'secret created')
  assert.partialDeepStrictEqual(line, { id: 's', name: 'tok' })
  assert.doesNotMatch(JSON.stringify(plane.log), /hush/)
})

test('when the disk is full a write is answered 507, changes nothing, and the process lives on', async (t) => {
  const plane = await startControlPlane(t, { store: { maxPages: 60 } })
  const value = 'x'.repeat(200_000)
  let refused: Awaited<ReturnType<typeof plane.send>> | undefined
  for (let n = 0; n < 5 && !refused; n++) {
    const answer = await plane.send('POST', `${api}/secrets`, { id: `s${n}`, name: 'n', value })
    if (answer.status !== 201) refused = answer
  }
  assert.equal(refused?.status, 507)
  assert.partialDeepStrictEqual(refused?.json, { code: 'storage_full' })
  assert.equal((await plane.send('GET', '/readyz')).status, 200)
  const before = (await plane.send('GET', `${api}/secrets`)).read<{ id: string }[]>()
  assert.equal((await plane.send('DELETE', `${api}/secrets/${before[0]?.id}`)).status, 204)
  assert.equal((await plane.send('POST', `${api}/groups`, { name: 'small' })).status, 201)
})

test('a store that fails is not read as "gone", and its words are not shown', async (t) => {
  const plane = await startControlPlane(t)
  await plane.send('POST', `${api}/groups`, { id: 'g', name: 'n' })
  t.mock.method(plane.store, 'get', () => Promise.reject(new Error('EIO /var/lib/secret-path')))
  const answer = await plane.send('GET', `${api}/groups/g`)
  assert.equal(answer.status, 500)
  assert.partialDeepStrictEqual(answer.json, { error: 'an unexpected error occurred', code: 'internal' })
  const line = plane.log.find(({ level }) => level === 'error')
  assert.equal(line?.['requestId'], answer.headers['x-request-id'])
  assert.match(JSON.stringify(line), /secret-path/)
})
