import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { send } from '../testing/send.ts'
import { startControlPlane, type TestControlPlane } from '../testing/start.ts'

const api = '/api/v1'

/** Everything that comes back on a raw connection until it ends. */
async function raw(plane: TestControlPlane, ...writes: readonly (string | Buffer)[]): Promise<string> {
  const { hostname, port } = new URL(plane.url)
  const socket = connect(Number(port), hostname)
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk))
  socket.on('error', () => undefined)
  for (const write of writes) socket.write(write)
  await once(socket, 'close')
  return text
}

const unknown: readonly string[] = [
  '/',
  '/nothing',
  `${api}`,
  `${api}/`,
  `${api}/nothing`,
  `${api}/routes/`,
  `${api}/routes/a/`,
  `${api}/Routes`,
  `${api}//routes`,
  `//api/v1/routes`,
  `${api}/groups/../routes`,
  `${api}/routes/.`,
  `${api}/routes/..`,
  `${api}/routes/a/b`,
  `${api}/routes/a%2Fb`,
  `${api}/routes/a%2fb`,
  `${api}/routes/%`,
  `${api}/routes/%zz`,
  `${api}/routes/%00`,
  `${api}/routes/%ff`,
  `${api}/snapshots/a%2Fb/activate`,
  '/healthz/',
]
for (const path of unknown) {
  test(`${path} is not found, in JSON, without a redirect`, async (t) => {
    const plane = await startControlPlane(t)
    await plane.send('POST', `${api}/routes`, { id: 'a', directResponse: { status: 204 } })
    const answer = await send(plane.url, 'GET', path)
    assert.equal(answer.status, 404)
    assert.equal(answer.headers['content-type'], 'application/json')
    assert.partialDeepStrictEqual(answer.json, { code: 'not_found' })
  })
}

const methods: readonly { method: string; path: string; allow: string }[] = [
  { method: 'PATCH', path: `${api}/routes`, allow: 'GET, HEAD, POST' },
  { method: 'DELETE', path: `${api}/routes`, allow: 'GET, HEAD, POST' },
  { method: 'POST', path: `${api}/routes/a`, allow: 'DELETE, GET, HEAD, PUT' },
  { method: 'OPTIONS', path: `${api}/routes/a`, allow: 'DELETE, GET, HEAD, PUT' },
  { method: 'PUT', path: `${api}/snapshots/a`, allow: 'DELETE, GET, HEAD' },
  { method: 'GET', path: `${api}/snapshots/a/activate`, allow: 'POST' },
  { method: 'TRACE', path: `${api}/fleet`, allow: 'GET, HEAD' },
  { method: 'PURGE', path: '/healthz', allow: 'GET, HEAD' },
  { method: 'POST', path: `${api}/sync/snapshot`, allow: 'GET, HEAD' },
]
for (const { method, path, allow } of methods) {
  test(`${method} ${path} is not allowed, and the answer says what is`, async (t) => {
    const plane = await startControlPlane(t)
    const answer = await send(plane.url, method, path)
    assert.equal(answer.status, 405)
    assert.equal(answer.headers.allow, allow)
    assert.partialDeepStrictEqual(answer.json, { code: 'method_not_allowed' })
  })
}

const heads = ['/healthz', `${api}/routes`, `${api}/routes/a`, `${api}/docs/`, `${api}/docs/doc.json`, `${api}/fleet`]
for (const path of heads) {
  test(`HEAD ${path} is GET without the body`, async (t) => {
    const plane = await startControlPlane(t)
    await plane.send('POST', `${api}/routes`, { id: 'a', directResponse: { status: 204 } })
    const [get, head] = [await plane.send('GET', path), await plane.send('HEAD', path)]
    assert.equal(head.status, 200)
    assert.equal(head.text, '')
    for (const name of ['content-type', 'content-length', 'etag']) assert.equal(head.headers[name], get.headers[name])
  })
}

test('HEAD of the stream ends', async (t) => {
  const plane = await startControlPlane(t)
  const head = await plane.send('HEAD', `${api}/sync/snapshot`)
  assert.equal(head.headers['content-type'], 'text/event-stream')
})

for (const [asked, echoed] of [
  ['abc-1._X', true],
  ['x'.repeat(64), true],
  ['x'.repeat(65), false],
  ['a b', false],
  ['', false],
] as const) {
  test(`the request id ${JSON.stringify(asked.slice(0, 10))} of ${asked.length} characters is ${echoed ? 'kept' : 'replaced'}`, async (t) => {
    const plane = await startControlPlane(t)
    const answer = await plane.send('GET', `${api}/routes/none`, undefined, { 'x-request-id': asked })
    const id = answer.headers['x-request-id']
    assert.equal(id === asked, echoed)
    assert.match(String(id), /^[A-Za-z0-9._-]{1,64}$/)
    assert.partialDeepStrictEqual(answer.json, { requestId: id })
    assert.ok(plane.log.some((line) => line['msg'] === 'request' && line['requestId'] === id))
  })
}

for (const path of ['/healthz', `${api}/routes/none`, '/nothing', `${api}/docs/`]) {
  test(`${path} carries the headers that keep browsers from guessing, keeping and leaking`, async (t) => {
    const { headers } = await send((await startControlPlane(t)).url, 'GET', path)
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.equal(headers['cache-control'], 'no-store')
    assert.equal(headers['referrer-policy'], 'no-referrer')
    assert.equal(headers['x-powered-by'], undefined)
  })
}

test('without configured origins no answer has CORS headers', async (t) => {
  const plane = await startControlPlane(t)
  const { headers } = await plane.send('GET', `${api}/routes`, undefined, { origin: 'https://a.example' })
  assert.deepEqual(
    Object.keys(headers).filter((name) => name.startsWith('access-control') || name === 'vary'),
    [],
  )
})

test('exactly the configured origins may read answers and send what the API takes', async (t) => {
  const plane = await startControlPlane(t, { config: { cors: { allowOrigins: ['https://a.example'] } } })
  const ask = (origin: string, method = 'GET', more = {}) =>
    send(plane.url, method, `${api}/routes`, undefined, { origin, ...more })
  const { headers } = await ask('https://a.example')
  assert.equal(headers['access-control-allow-origin'], 'https://a.example')
  assert.match(headers['access-control-expose-headers'] ?? '', /ETag/)
  assert.equal(headers.vary, 'Origin')
  const preflight = await ask('https://a.example', 'OPTIONS', { 'access-control-request-method': 'PUT' })
  assert.equal(preflight.status, 204)
  assert.match(preflight.headers['access-control-allow-methods'] ?? '', /PUT/)
  assert.match(preflight.headers['access-control-allow-headers'] ?? '', /If-Match/)
  for (const origin of ['https://b.example', 'https://a.example.evil', 'http://a.example', 'null']) {
    const refused = await ask(origin)
    assert.equal(refused.headers['access-control-allow-origin'], undefined, origin)
    assert.equal((await ask(origin, 'OPTIONS', { 'access-control-request-method': 'PUT' })).status, 405)
  }
})

test('unknown, repeated and senseless query parameters are refused by name', async (t) => {
  const plane = await startControlPlane(t)
  for (const [path, word] of [
    [`${api}/routes?limt=1`, 'limt'],
    [`${api}/version?x`, 'x'],
    [`${api}/snapshots/a?redact=true&redact=false`, 'redact'],
    [`${api}/snapshots/a?redact=yes`, 'redact'],
    [`${api}/fleet?state=happy`, 'state'],
    [`${api}/routes?__proto__=1`, '__proto__'],
  ] as const) {
    const answer = await plane.send('GET', path)
    assert.equal(answer.status, 400, path)
    assert.match(answer.read<{ error: string }>().error, new RegExp(word))
  }
})

test('a request line is logged for what was refused too, without its query', async (t) => {
  const plane = await startControlPlane(t)
  await plane.send('GET', `${api}/routes?token=hush`)
  await send(plane.url, 'GET', '/nothing?token=hush')
  const lines = plane.log.filter(({ msg }) => msg === 'request').map(({ path, status }) => [path, status])
  assert.ok(lines.some(([path, status]) => path === `${api}/routes` && status === 400))
  assert.ok(lines.some(([path, status]) => path === '/nothing' && status === 404))
  const line = plane.log.find(({ msg }) => msg === 'request') ?? {}
  for (const key of ['time', 'level', 'method', 'path', 'status', 'durationMs', 'bytes', 'remote', 'requestId']) {
    assert.ok(key in line, key)
  }
  assert.doesNotMatch(JSON.stringify(plane.log), /hush/)
})

const broken: readonly { name: string; bytes: string; status: number }[] = [
  { name: 'what is not HTTP', bytes: 'hello\r\n\r\n', status: 400 },
  {
    name: 'two lengths',
    bytes: 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
    status: 400,
  },
  { name: 'no host', bytes: 'GET /healthz HTTP/1.1\r\n\r\n', status: 400 },
  { name: 'a head of 40 KB', bytes: `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`, status: 431 },
]
for (const { name, bytes, status } of broken) {
  test(`${name} is answered ${status} and the connection is closed`, async (t) => {
    const answer = await raw(await startControlPlane(t), bytes)
    assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `))
  })
}

test('a head that does not arrive in time is answered 408', async (t) => {
  const plane = await startControlPlane(t, { config: { limits: { headerTimeout: '200ms', requestTimeout: '1m' } } })
  const answer = await raw(plane, 'GET /healthz HTTP/1.1\r\nHost: a\r\n')
  assert.match(answer, /^HTTP\/1\.1 408 /)
  assert.match(answer, /"code":"request_timeout"/)
})

test('a body that does not arrive in time is answered 408, and nothing is stored', async (t) => {
  const plane = await startControlPlane(t, { config: { limits: { headerTimeout: '200ms', requestTimeout: '300ms' } } })
  const head = `POST ${api}/groups HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\nContent-Type: application/json\r\n\r\n`
  await raw(plane, head, '{"name":')
  assert.deepEqual((await plane.send('GET', `${api}/groups`)).json, [])
})

test('probes on a port of their own answer probes only', async (t) => {
  const plane = await startControlPlane(t, { config: { probes: { address: '127.0.0.1:0' } } })
  const url = `http://${plane.running.probesAddress}`
  assert.deepEqual((await send(url, 'GET', '/healthz')).json, { status: 'ok' })
  assert.deepEqual((await send(url, 'GET', '/readyz')).json, { status: 'ok' })
  assert.equal((await send(url, 'GET', `${api}/routes`)).status, 404)
})

test('a control plane whose store cannot be read lives and is not ready', async (t) => {
  const plane = await startControlPlane(t)
  assert.deepEqual((await plane.send('GET', '/readyz')).json, { status: 'ok' })
  await plane.store.close()
  assert.equal((await plane.send('GET', '/healthz')).status, 200)
  const answer = await plane.send('GET', '/readyz')
  assert.equal(answer.status, 503)
  assert.partialDeepStrictEqual(answer.json, { status: 'unready', reason: 'the store cannot be read' })
})

test('the version tells program, commit and API', async (t) => {
  const answer = await (await startControlPlane(t)).send('GET', `${api}/version`)
  assert.deepEqual(answer.json, { version: '1.2.3', commit: 'abc', api: 'v1' })
})

test('the staged configuration is shown without secrets', async (t) => {
  const plane = await startControlPlane(t)
  const route = { id: 'r', directResponse: { status: 200, body: '{{secret:value:s}}' } }
  await plane.send('POST', `${api}/routes`, route)
  await plane.send('POST', `${api}/secrets`, { id: 's', name: 's', value: 'hush' })
  const answer = await plane.send('GET', `${api}/debug/config`)
  const lists = { destinations: [], groups: [], listeners: [], middlewares: [] }
  assert.deepEqual(answer.json, {
    ...lists,
    routes: [{ id: 'r', name: '', match: {}, directResponse: route.directResponse }],
  })
})
