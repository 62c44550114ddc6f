import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Problem, SnapshotDocument, SnapshotSummary } from '@vrata/model'
import type { TestAnswer } from '../testing/send.ts'
import { startControlPlane, type TestControlPlane } from '../testing/start.ts'

const v4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const api = '/api/v1'
const direct = { name: 'x', directResponse: { status: 204 } }
const to = (...weights: readonly number[]) => ({
  name: 'x',
  forward: { destinations: weights.map((weight, index) => ({ destinationId: 'ab'.charAt(index), weight })) },
})

/** One request and what must come back. */
interface Vector {
  readonly name: string
  /** Written before, in order; each must succeed. */
  readonly given?: readonly (readonly [method: string, path: string, body?: unknown])[]
  readonly ask: readonly [method: string, path: string, body?: unknown]
  readonly status: number
  /** Members that the answer must have. */
  readonly body?: unknown
  /** What its `error` must be, or hold. */
  readonly error?: string | RegExp
  /** Pointers, with suggestions, that its problems must name. */
  readonly problems?: readonly (readonly [pointer: string, suggestion?: string])[]
  readonly also?: (answer: TestAnswer, plane: TestControlPlane) => void | Promise<void>
}

const missingKinds = [
  ['routes', 'route "none": resource not found'],
  ['groups', 'group "none": resource not found'],
  ['listeners', 'listener "none": resource not found'],
  ['destinations', 'destination "none": resource not found'],
  ['snapshots', 'snapshot "none": resource not found'],
  ['middlewares', 'filter "none": resource not found'],
  ['secrets', 'secret not found'],
] as const

const vectors: readonly Vector[] = [
  { name: 'an empty store lists nothing', ask: ['GET', '/routes'], status: 200, body: [] },
  {
    name: 'a listener without an address listens everywhere',
    ask: ['POST', '/listeners', { name: 'web', port: 8080 }],
    status: 201,
    body: { name: 'web', port: 8080, address: '0.0.0.0' },
    also(answer) {
      const { id, ...rest } = answer.read<{ id: string }>()
      assert.match(id, v4)
      assert.deepEqual(Object.keys(rest).sort(), ['address', 'name', 'port'])
    },
  },
  {
    name: 'a port beyond 65535 is refused at its place',
    ask: ['POST', '/listeners', { name: 'web', port: 70000 }],
    status: 400,
    problems: [['/port']],
  },
  {
    name: 'asking clients for certificates needs a CA',
    ask: [
      'POST',
      '/listeners',
      { name: 'm', port: 8443, tls: { cert: 'c', key: 'k', clientAuth: { mode: 'require' } } },
    ],
    status: 400,
    error: /clientAuth\.ca is required when mode is "require"/,
  },
  {
    name: 'an unknown way to ask for certificates is named',
    ask: ['POST', '/listeners', { name: 'm', port: 8443, tls: { cert: 'c', key: 'k', clientAuth: { mode: 'must' } } }],
    status: 400,
    error: /unknown clientAuth\.mode "must": must be "none", "optional", or "require"/,
  },
  {
    name: 'a destination is answered as it was sent, without defaults',
    ask: ['POST', '/destinations', { name: 'a', host: '10.0.0.1', port: 80 }],
    status: 201,
    also(answer) {
      const { id, ...rest } = answer.read<{ id: string }>()
      assert.match(id, v4)
      assert.deepEqual(rest, { name: 'a', host: '10.0.0.1', port: 80 })
    },
  },
  {
    name: 'PUT replaces the whole entity',
    given: [
      ['POST', '/destinations', { id: 'd', name: 'a', host: 'h', port: 80, endpoints: [{ host: 'e', port: 1 }] }],
    ],
    ask: ['PUT', '/destinations/d', { name: 'b', host: 'h', port: 81 }],
    status: 200,
    async also(answer, plane) {
      assert.deepEqual(answer.json, { id: 'd', name: 'b', host: 'h', port: 81 })
      assert.deepEqual((await plane.send('GET', `${api}/destinations/d`)).json, answer.json)
    },
  },
  {
    name: 'PUT creates nothing',
    ask: ['PUT', '/destinations/none', { name: 'b', host: 'h', port: 81 }],
    status: 404,
    error: 'destination "none": resource not found',
  },
  {
    name: 'PUT creates no secret either',
    ask: ['PUT', '/secrets/none', { name: 's', value: 'v' }],
    status: 404,
    error: 'secret not found',
  },
  {
    name: 'a route without an action is refused',
    ask: ['POST', '/routes', { name: 'x', match: { path: '/x' } }],
    status: 400,
    error: 'a route must define exactly one of destinations, redirect, or directResponse',
  },
  {
    name: 'a route with two actions is refused',
    ask: ['POST', '/routes', { ...direct, redirect: { url: 'https://a.example/' } }],
    status: 400,
    error: 'a route must define exactly one of destinations, redirect, or directResponse',
  },
  {
    name: 'weights that miss 100 are refused',
    ask: ['POST', '/routes', to(60, 30)],
    status: 400,
    error: 'destination weights must sum to 100 when multiple destinations are defined',
  },
  {
    name: 'the weight of a single destination does not count and is kept',
    ask: ['POST', '/routes', to(0)],
    status: 201,
    body: { forward: { destinations: [{ destinationId: 'a', weight: 0 }] } },
  },
  {
    name: 'a misspelt member is named with the right one',
    ask: ['POST', '/routes', { ...direct, match: { pathPrefx: '/x' } }],
    status: 400,
    problems: [['/match/pathPrefx', 'pathPrefix']],
  },
  {
    name: 'a broken regular expression is refused',
    ask: ['POST', '/routes', { ...direct, match: { pathRegex: '(' } }],
    status: 400,
    problems: [['/match/pathRegex']],
  },
  {
    name: 'a broken CEL expression is refused',
    ask: ['POST', '/routes', { ...direct, match: { cel: 'request.path ==' } }],
    status: 400,
    problems: [['/match/cel']],
  },
  {
    name: 'a group always shows its list of routes',
    ask: ['POST', '/groups', { name: 'g', pathPrefix: '/g' }],
    status: 201,
    body: { routeIds: [] },
  },
  {
    name: 'inlineAuthz needs rules',
    ask: ['POST', '/middlewares', { name: 'i', type: 'inlineAuthz', inlineAuthz: { rules: [] } }],
    status: 400,
    error: /inlineAuthz\.rules/,
  },
  {
    name: 'an unknown type of middleware is named with the right one',
    ask: ['POST', '/middlewares', { name: 'j', type: 'jtw' }],
    status: 400,
    problems: [['/type', 'jwt']],
  },
  {
    name: 'a secret is answered without its value',
    ask: ['POST', '/secrets', { id: 's', name: 'tok', value: 'hush' }],
    status: 201,
    body: { id: 's', name: 'tok' },
    async also(answer, plane) {
      const list = await plane.send('GET', `${api}/secrets`)
      const replaced = await plane.send('PUT', `${api}/secrets/s`, { name: 'tok', value: 'hush' })
      for (const { text } of [answer, list, replaced]) assert.doesNotMatch(text, /hush|"value"/)
      assert.partialDeepStrictEqual(list.json, [{ id: 's', name: 'tok' }])
      assert.deepEqual((await plane.send('GET', `${api}/secrets/s`)).json, { id: 's', name: 'tok', value: 'hush' })
    },
  },
  ...missingKinds.flatMap(([collection, error]): Vector[] => [
    { name: `nothing is found among ${collection}`, ask: ['GET', `/${collection}/none`], status: 404, error },
    { name: `nothing is deleted among ${collection}`, ask: ['DELETE', `/${collection}/none`], status: 404, error },
  ]),
  {
    name: 'half a JSON text is refused',
    ask: ['POST', '/routes', '{"name":'],
    status: 400,
    error: /^invalid request body: /,
  },
  {
    name: 'half a JSON text that may hold a secret is refused without a word more',
    ask: ['POST', '/secrets', '{"name":"a","value":"hush'],
    status: 400,
    error: 'invalid request body',
  },
  {
    name: 'an id is taken once',
    given: [['POST', '/routes', { id: 'r-1', ...direct }]],
    ask: ['POST', '/routes', { id: 'r-1', ...direct }],
    status: 409,
    body: { code: 'id_exists' },
  },
  { name: 'a snapshot needs a name', ask: ['POST', '/snapshots', {}], status: 400, error: 'name is required' },
  {
    name: 'an empty name of a snapshot is none',
    ask: ['POST', '/snapshots', { name: '' }],
    status: 400,
    error: 'name is required',
  },
  { name: 'no body is no name', ask: ['POST', '/snapshots'], status: 400, error: 'name is required' },
  {
    name: 'an empty configuration is captured with its five lists, and is not active',
    ask: ['POST', '/snapshots', { name: 'v1' }],
    status: 201,
    body: { name: 'v1', snapshot: { listeners: [], routes: [], groups: [], destinations: [], middlewares: [] } },
    async also(answer, plane) {
      const { id } = answer.read<SnapshotDocument>()
      const list = await plane.send('GET', `${api}/snapshots`)
      assert.partialDeepStrictEqual(list.json, [{ id, name: 'v1', active: false }])
    },
  },
  {
    name: 'a reference to nothing is refused with its name, and nothing is stored',
    given: [
      ['POST', '/routes', { id: 'r', ...direct, directResponse: { status: 200, body: '{{secret:value:gone}}' } }],
    ],
    ask: ['POST', '/snapshots', { name: 'v1' }],
    status: 400,
    error: /^resolving secrets: unresolved secret references:\n {2}.*gone/,
    problems: [['/directResponse/body']],
    async also(_, plane) {
      assert.deepEqual((await plane.send('GET', `${api}/snapshots`)).json, [])
    },
  },
  {
    name: 'a secret is found by its name when only one has it',
    given: [
      ['POST', '/secrets', { name: 'tok', value: 'hush' }],
      ['POST', '/routes', { id: 'r', ...direct, directResponse: { status: 200, body: '{{secret:value:tok}}' } }],
    ],
    ask: ['POST', '/snapshots', { name: 'v1' }],
    status: 201,
    body: { snapshot: { routes: [{ id: 'r', directResponse: { body: 'hush' } }] } },
  },
  {
    name: 'a name that two secrets have is no reference',
    given: [
      ['POST', '/secrets', { name: 'tok', value: 'a' }],
      ['POST', '/secrets', { name: 'tok', value: 'b' }],
      ['POST', '/routes', { id: 'r', ...direct, directResponse: { status: 200, body: '{{secret:value:tok}}' } }],
    ],
    ask: ['POST', '/snapshots', { name: 'v1' }],
    status: 400,
    body: { code: 'capture_refused', problems: [{ code: 'secret.ambiguous', entity: { kind: 'route', id: 'r' } }] },
  },
  {
    name: 'an unknown source of secrets is not shipped as text',
    given: [['POST', '/routes', { id: 'r', ...direct, directResponse: { status: 200, body: '{{secret:vault:x}}' } }]],
    ask: ['POST', '/snapshots', { name: 'v1' }],
    status: 400,
    body: { code: 'capture_refused', problems: [{ code: 'secret.unresolved' }] },
  },
  {
    name: 'a route to nowhere is refused at capture',
    given: [
      [
        'POST',
        '/routes',
        { id: 'r', name: 'x', forward: { destinations: [{ destinationId: 'no-such', weight: 100 }] } },
      ],
    ],
    ask: ['POST', '/snapshots', { name: 'v1' }],
    status: 400,
    body: { code: 'capture_refused', problems: [{ code: 'reference.missing' }] },
    error: /no-such/,
  },
]

for (const { name, given = [], ask, status, body, error, problems = [], also } of vectors) {
  test(name, async (t) => {
    const plane = await startControlPlane(t)
    for (const [method, path, sent] of given) {
      const written = await plane.send(method, api + path, sent)
      assert.ok(written.status < 300, written.text)
    }
    const [method, path, sent] = ask
    const answer = await plane.send(method, api + path, sent)
    assert.equal(answer.status, status, answer.text)
    if (body !== undefined) assert.partialDeepStrictEqual(answer.json, body)
    const refusal =
      status >= 400 ? answer.read<{ error: string; requestId: string; problems?: Problem[] }>() : undefined
    if (refusal) assert.equal(refusal.requestId, answer.headers['x-request-id'])
    if (typeof error === 'string') assert.equal(refusal?.error, error)
    else if (error) assert.match(refusal?.error ?? '', error)
    for (const [pointer, suggestion] of problems) {
      const problem = refusal?.problems?.find((one) => one.pointer === pointer)
      assert.ok(problem, `${pointer} in ${answer.text}`)
      if (suggestion !== undefined) assert.equal(problem.suggestion, suggestion)
    }
    await also?.(answer, plane)
  })
}

test('an activation takes null, {} and no body, and answers the summary', async (t) => {
  const plane = await startControlPlane(t)
  for (const body of ['null', '{}', undefined]) {
    const { id } = (await plane.send('POST', `${api}/snapshots`, { name: 'v' })).read<SnapshotDocument>()
    const answer = await plane.send('POST', `${api}/snapshots/${id}/activate`, body)
    assert.equal(answer.status, 200, answer.text)
    assert.partialDeepStrictEqual(answer.json, { id, name: 'v', active: true })
  }
})

test('after rolling back exactly the older snapshot is active', async (t) => {
  const plane = await startControlPlane(t)
  const capture = async (name: string) =>
    (await plane.send('POST', `${api}/snapshots`, { name })).read<SnapshotDocument>().id
  const [a, b] = [await capture('a'), await capture('b')]
  for (const id of [a, b, a]) await plane.send('POST', `${api}/snapshots/${id}/activate`)
  const summaries = (await plane.send('GET', `${api}/snapshots`)).read<SnapshotSummary[]>()
  assert.deepEqual(
    summaries.filter(({ active }) => active).map(({ id }) => id),
    [a],
  )
})

test('a secret is filled into the snapshot while the entity keeps the reference', async (t) => {
  const plane = await startControlPlane(t)
  await plane.send('POST', `${api}/secrets`, { id: 'tok', name: 'tok', value: 'hush' })
  const route = { id: 'r', ...direct, directResponse: { status: 200, body: 'Bearer {{secret:value:tok}}' } }
  await plane.send('POST', `${api}/routes`, route)
  const { id } = (await plane.send('POST', `${api}/snapshots`, { name: 'v1' })).read<SnapshotDocument>()
  const snapshot = await plane.send('GET', `${api}/snapshots/${id}`)
  assert.partialDeepStrictEqual(snapshot.json, { snapshot: { routes: [{ directResponse: { body: 'Bearer hush' } }] } })
  const live = await plane.send('GET', `${api}/routes/r`)
  assert.partialDeepStrictEqual(live.json, { directResponse: { body: 'Bearer {{secret:value:tok}}' } })
})

test('the active snapshot is deleted by force only', async (t) => {
  const plane = await startControlPlane(t)
  const { id } = (await plane.send('POST', `${api}/snapshots`, { name: 'v1' })).read<SnapshotDocument>()
  await plane.send('POST', `${api}/snapshots/${id}/activate`)
  const refused = await plane.send('DELETE', `${api}/snapshots/${id}`)
  assert.equal(refused.status, 409)
  assert.partialDeepStrictEqual(refused.json, { code: 'snapshot_active' })
  assert.equal((await plane.send('DELETE', `${api}/snapshots/${id}?force=true`)).status, 204)
  assert.equal((await plane.send('GET', `${api}/snapshots/${id}`)).status, 404)
})

test('of two replacements of one version the second is refused', async (t) => {
  const plane = await startControlPlane(t)
  const destination = { name: 'a', host: 'h', port: 80 }
  const created = await plane.send('POST', `${api}/destinations`, { id: 'd', ...destination })
  const tag = created.headers.etag ?? ''
  assert.equal(tag, '"1"')
  assert.equal((await plane.send('GET', `${api}/destinations/d`)).headers.etag, tag)
  const first = await plane.send('PUT', `${api}/destinations/d`, destination, { 'if-match': tag })
  assert.equal(first.status, 200)
  const second = await plane.send('PUT', `${api}/destinations/d`, destination, { 'if-match': tag })
  assert.equal(second.status, 412)
  assert.equal(second.headers.etag, first.headers.etag)
})
