import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Answer, ask, rawExchange, startBackend } from '@vrata/testkit'
import { startGateway } from '../gateway.ts'

interface Row {
  readonly what: string
  readonly method?: string
  readonly path: string
  /** Sent as it is when it is text or bytes, as JSON otherwise. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly status: number
  readonly code: string
  readonly pointer?: string
  readonly suggestion?: string
  readonly says?: RegExp
}

const route = { name: 'x', match: { pathPrefix: '/x' }, directResponse: { status: 204 } }
const listener = { name: 'x', port: 8080 }
const destination = { name: 'd', host: '127.0.0.1', port: 80 }
const balancing = (endpointBalancing: object): object => ({ ...destination, options: { endpointBalancing } })
const forwarding = (settings: object): object => ({
  name: 'x',
  match: { path: '/x' },
  forward: { destinations: [{ destinationId: 'a' }], ...settings },
})
const matching = (match: object): object => ({ ...route, match })

const rows: readonly Row[] = [
  // bodies that are no JSON document
  {
    what: 'JSON cut off',
    path: 'routes',
    body: '{"name":',
    status: 400,
    code: 'bad_json',
    says: /^invalid request body/,
  },
  { what: 'no body', path: 'routes', body: '', status: 400, code: 'bad_json' },
  { what: 'two documents', path: 'listeners', body: '{"port":1}{"port":2}', status: 400, code: 'bad_json' },
  { what: 'text after the document', path: 'listeners', body: '{"port":1} x', status: 400, code: 'bad_json' },
  {
    what: 'bytes that are no UTF-8',
    path: 'listeners',
    body: Buffer.from([0x7b, 0xff, 0xfe, 0x7d]),
    status: 400,
    code: 'bad_json',
  },
  { what: 'brackets without end', path: 'routes', body: '['.repeat(200_000), status: 400, code: 'bad_json' },
  {
    what: 'a tower of objects',
    path: 'routes',
    body: `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
    status: 400,
    code: '',
  },
  { what: 'a list', path: 'routes', body: [], status: 400, code: '' },
  { what: 'a text', path: 'routes', body: '"x"', status: 400, code: '' },
  { what: '10 MB', path: 'routes', body: `{"name":"${'x'.repeat(10_000_000)}"}`, status: 413, code: 'too_large' },
  {
    what: 'another content type',
    path: 'routes',
    body: 'name=x',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    status: 415,
    code: 'unsupported_media_type',
  },
  // fields
  {
    what: 'a repeated key',
    path: 'listeners',
    body: '{"name":"x","port":1,"port":2}',
    status: 400,
    code: '',
    pointer: '/port',
  },
  {
    what: 'an unknown field',
    path: 'routes',
    body: matching({ pathPrefx: '/x' }),
    status: 400,
    code: 'invalid',
    pointer: '/match/pathPrefx',
    suggestion: 'pathPrefix',
  },
  {
    what: 'a name in another case',
    path: 'listeners',
    body: { Name: 'x', port: 1 },
    status: 400,
    code: 'invalid',
    pointer: '/Name',
  },
  {
    what: 'a port as text',
    path: 'listeners',
    body: { name: 'x', port: '80' },
    status: 400,
    code: 'invalid',
    pointer: '/port',
  },
  { what: 'port 0', path: 'listeners', body: { name: 'x', port: 0 }, status: 400, code: 'invalid', pointer: '/port' },
  {
    what: 'port 70000',
    path: 'listeners',
    body: { name: 'x', port: 70_000 },
    status: 400,
    code: 'invalid',
    pointer: '/port',
  },
  {
    what: 'port 80.5',
    path: 'listeners',
    body: { name: 'x', port: 80.5 },
    status: 400,
    code: 'invalid',
    pointer: '/port',
  },
  { what: 'port 1e999', path: 'listeners', body: '{"name":"x","port":1e999}', status: 400, code: '', pointer: '/port' },
  {
    what: 'an address that is none',
    path: 'listeners',
    body: { ...listener, address: '300.1.1.1' },
    status: 400,
    code: 'invalid',
    pointer: '/address',
  },
  {
    what: 'a host that is empty',
    path: 'destinations',
    body: { ...destination, host: '' },
    status: 400,
    code: 'invalid',
    pointer: '/host',
  },
  {
    what: 'an algorithm nobody knows',
    path: 'destinations',
    body: { ...destination, options: { endpointBalancing: { algorithm: 'ROUND_ROBBIN' } } },
    status: 400,
    code: 'invalid',
    pointer: '/options/endpointBalancing/algorithm',
    suggestion: 'ROUND_ROBIN',
  },
  {
    what: 'a duration that is none',
    path: 'destinations',
    body: { ...destination, options: { timeouts: { connect: '10 sec' } } },
    status: 400,
    code: 'invalid',
    pointer: '/options/timeouts/connect',
    suggestion: '10s',
  },
  {
    what: 'a middleware type nobody knows',
    path: 'middlewares',
    body: { name: 'j', type: 'jtw' },
    status: 400,
    code: 'invalid',
    pointer: '/type',
    suggestion: 'jwt',
  },
  {
    what: 'no action',
    path: 'routes',
    body: { name: 'x', match: { path: '/x' } },
    status: 400,
    code: 'invalid',
    says: /exactly one of destinations, redirect, or directResponse/,
  },
  {
    what: 'two actions',
    path: 'routes',
    body: { ...route, redirect: { path: '/y' } },
    status: 400,
    code: 'invalid',
    says: /exactly one of destinations, redirect, or directResponse/,
  },
  {
    what: 'weights that do not sum to 100',
    path: 'routes',
    body: {
      name: 'x',
      match: { path: '/x' },
      forward: {
        destinations: [
          { destinationId: 'a', weight: 60 },
          { destinationId: 'b', weight: 30 },
        ],
      },
    },
    status: 400,
    code: 'invalid',
    says: /destination weights must sum to 100/,
  },
  {
    what: 'an algorithm for destinations that nobody knows',
    path: 'routes',
    body: forwarding({ destinationBalancing: { algorithm: 'STICKI' } }),
    status: 400,
    code: 'invalid',
    pointer: '/forward/destinationBalancing/algorithm',
    suggestion: 'STICKY',
  },
  {
    what: 'a hash policy without a source',
    path: 'destinations',
    body: balancing({ algorithm: 'RING_HASH', ringHash: { hashPolicy: [{}] } }),
    status: 400,
    code: 'invalid',
    pointer: '/options/endpointBalancing/ringHash/hashPolicy/0',
    says: /exactly one of header, cookie, sourceIP/,
  },
  {
    what: 'a hash policy with two sources',
    path: 'destinations',
    body: balancing({ algorithm: 'MAGLEV', maglev: { hashPolicy: [{ header: { name: 'x' }, sourceIP: {} }] } }),
    status: 400,
    code: 'invalid',
    pointer: '/options/endpointBalancing/maglev/hashPolicy/0',
    says: /exactly one of header, cookie, sourceIP/,
  },
  {
    what: 'a hash policy with a header that is none',
    path: 'destinations',
    body: balancing({ algorithm: 'RING_HASH', ringHash: { hashPolicy: [{ header: { name: 'a b' } }] } }),
    status: 400,
    code: 'invalid',
    pointer: '/options/endpointBalancing/ringHash/hashPolicy/0/header/name',
  },
  {
    what: 'a table that is no prime number',
    path: 'destinations',
    body: balancing({ algorithm: 'MAGLEV', maglev: { tableSize: 65_536 } }),
    status: 400,
    code: 'invalid',
    pointer: '/options/endpointBalancing/maglev/tableSize',
    suggestion: '65537',
  },
  {
    what: 'a table that would fill the memory',
    path: 'destinations',
    body: balancing({ algorithm: 'MAGLEV', maglev: { tableSize: 5_000_021 } }),
    status: 400,
    code: 'invalid',
    pointer: '/options/endpointBalancing/maglev/tableSize',
  },
  {
    what: 'a ring whose bounds are swapped',
    path: 'destinations',
    body: balancing({ algorithm: 'RING_HASH', ringHash: { ringSize: { min: 2000, max: 1000 } } }),
    status: 400,
    code: 'invalid',
    pointer: '/options/endpointBalancing/ringHash/ringSize/min',
  },
  {
    what: 'a cookie with a name that is none',
    path: 'destinations',
    body: balancing({ algorithm: 'STICKY', sticky: { cookie: { name: 'a;b' } } }),
    status: 400,
    code: 'invalid',
    pointer: '/options/endpointBalancing/sticky/cookie/name',
  },
  {
    what: 'a cookie that lasts no time',
    path: 'routes',
    body: forwarding({ destinationBalancing: { algorithm: 'STICKY', sticky: { cookie: { ttl: '0s' } } } }),
    status: 400,
    code: 'invalid',
    pointer: '/forward/destinationBalancing/sticky/cookie/ttl',
  },
  {
    what: 'another way out than detour and repin',
    path: 'routes',
    body: forwarding({ destinationBalancing: { algorithm: 'STICKY', sticky: { onUnhealthy: 'detours' } } }),
    status: 400,
    code: 'invalid',
    pointer: '/forward/destinationBalancing/sticky/onUnhealthy',
    suggestion: 'detour',
  },
  ...[0, 65_536, -1, 80.5, '80'].map((port) => ({
    what: `an endpoint with the port ${JSON.stringify(port)}`,
    path: 'destinations',
    body: {
      ...destination,
      endpoints: [
        { host: '10.0.0.1', port: 80 },
        { host: '10.0.0.2', port },
      ],
    },
    status: 400,
    code: 'invalid',
    pointer: '/endpoints/1/port',
  })),
  {
    what: 'an endpoint without a host',
    path: 'destinations',
    body: { ...destination, endpoints: [{ port: 80 }] },
    status: 400,
    code: 'invalid',
    pointer: '/endpoints/0/host',
  },
  ...['500ms', '31s'].map((refresh) => ({
    what: `a name asked for every ${refresh}`,
    path: 'destinations',
    body: { ...destination, options: { dns: { refresh } } },
    status: 400,
    code: 'invalid',
    pointer: '/options/dns/refresh',
  })),
  // ids
  {
    what: 'an id with a slash',
    path: 'listeners',
    body: { id: 'a/b', ...listener },
    status: 400,
    code: 'invalid',
    pointer: '/id',
  },
  {
    what: 'an id that climbs',
    path: 'listeners',
    body: { id: '../a', ...listener },
    status: 400,
    code: 'invalid',
    pointer: '/id',
  },
  {
    what: 'an id without end',
    path: 'listeners',
    body: { id: 'a'.repeat(129), ...listener },
    status: 400,
    code: 'invalid',
    pointer: '/id',
  },
  {
    what: 'an id that is no text',
    path: 'listeners',
    body: { id: 7, ...listener },
    status: 400,
    code: 'invalid',
    pointer: '/id',
  },
  {
    what: 'another id than the path',
    method: 'PUT',
    path: 'listeners/web',
    body: { id: 'other', ...listener },
    status: 400,
    code: 'invalid',
    pointer: '/id',
  },
  { what: 'an id that exists', path: 'listeners', body: { id: 'web', ...listener }, status: 409, code: 'id_exists' },
  {
    what: 'PUT of nothing',
    method: 'PUT',
    path: 'listeners/none',
    body: listener,
    status: 404,
    code: 'not_found',
    says: /^listener "none": resource not found$/,
  },
  { what: 'an encoded slash in the path', method: 'GET', path: 'listeners/a%2Fb', status: 404, code: 'not_found' },
  { what: 'a broken escape in the path', method: 'GET', path: 'listeners/%zz', status: 404, code: 'not_found' },
  { what: 'a path nobody knows', method: 'GET', path: 'listenerz', status: 404, code: 'not_found' },
  {
    what: 'a method nobody serves',
    method: 'PATCH',
    path: 'listeners/web',
    body: {},
    status: 405,
    code: 'method_not_allowed',
  },
  // what is compiled
  {
    what: 'a lookahead, which RE2 has not',
    path: 'routes',
    body: matching({ pathRegex: '^/(?=a)' }),
    status: 400,
    code: 'invalid',
    pointer: '/match/pathRegex',
  },
  {
    what: 'a back reference, which RE2 has not',
    path: 'routes',
    body: matching({ pathRegex: '^/(a)\\1' }),
    status: 400,
    code: 'invalid',
    pointer: '/match/pathRegex',
  },
  {
    what: 'an unclosed group',
    path: 'routes',
    body: matching({ pathRegex: '(' }),
    status: 400,
    code: 'invalid',
    pointer: '/match/pathRegex',
  },
  {
    what: 'a broken header regex',
    path: 'routes',
    body: matching({ headers: [{ name: 'x', regex: '[' }] }),
    status: 400,
    code: 'invalid',
    pointer: '/match/headers/0/regex',
  },
  {
    what: 'an expression cut off',
    path: 'routes',
    body: matching({ cel: 'request.path ==' }),
    status: 400,
    code: 'invalid',
    pointer: '/match/cel',
  },
  {
    what: 'an expression with a wrong field',
    path: 'routes',
    body: matching({ cel: 'request.pathh == "/"' }),
    status: 400,
    code: 'invalid',
    pointer: '/match/cel',
  },
  {
    what: 'an expression that is no yes or no',
    path: 'routes',
    body: matching({ cel: 'request.path' }),
    status: 400,
    code: 'invalid',
    pointer: '/match/cel',
  },
  // snapshots
  { what: 'a snapshot without a name', path: 'snapshots', body: {}, status: 400, code: '', says: /name is required/ },
  {
    what: 'activating nothing',
    path: 'snapshots/none/activate',
    body: {},
    status: 404,
    code: 'not_found',
    says: /^snapshot "none": resource not found$/,
  },
  {
    what: 'a snapshot changed by PUT',
    method: 'PUT',
    path: 'snapshots/none',
    body: {},
    status: 405,
    code: 'method_not_allowed',
  },
]

function check(row: Row, answer: Answer): void {
  assert.equal(answer.status, row.status, answer.body)
  assert.match(answer.headers['content-type'] ?? '', /^application\/json/)
  const said = JSON.parse(answer.body)
  assert.equal(typeof said.error, 'string')
  assert.ok(said.error.length > 0)
  if (row.code !== '') assert.equal(said.code, row.code)
  if (row.says) assert.match(said.error, row.says)
  if (row.pointer === undefined) return
  const problem = said.problems?.find((one: { pointer: string }) => one.pointer === row.pointer)
  assert.ok(problem, `no problem at ${row.pointer}: ${answer.body}`)
  if (row.suggestion !== undefined) assert.equal(problem.suggestion, row.suggestion)
}

test('whatever is sent to the control plane: a clear answer, nothing stored, the process lives, traffic goes on', async (t) => {
  const { plane, client, url, base, activate } = await startGateway(t)
  await activate(base.respond('all', '/', 'hello'))
  const before = await Promise.all([client.listeners.list(), client.routes.list(), client.snapshots.list()])
  const { pid } = plane.program
  for (const row of rows) {
    await t.test(row.what, async () => {
      const isRaw = typeof row.body === 'string' || Buffer.isBuffer(row.body)
      const body = isRaw ? (row.body as string | Buffer) : row.body === undefined ? undefined : JSON.stringify(row.body)
      const answer = await ask(`${plane.url}/api/v1/${row.path}`, {
        method: row.method ?? 'POST',
        headers: { 'content-type': 'application/json', ...row.headers },
        ...(body === undefined ? {} : { body }),
      })
      check(row, answer)
      assert.equal((await ask(url)).body, 'hello')
    })
  }
  const after = await Promise.all([client.listeners.list(), client.routes.list(), client.snapshots.list()])
  assert.deepEqual(after, before)
  assert.equal(plane.program.running, true)
  assert.equal(plane.program.pid, pid)
})

const captures: readonly { what: string; make: object; kind: string; code: string; says: RegExp }[] = [
  {
    what: 'a destination that does not exist',
    kind: 'routes',
    make: {
      id: 'r',
      name: 'r',
      match: { path: '/r' },
      forward: { destinations: [{ destinationId: 'no-such', weight: 100 }] },
    },
    code: 'reference.missing',
    says: /no-such/,
  },
  {
    what: 'a middleware that does not exist',
    kind: 'routes',
    make: { id: 'r', ...route, middlewareIds: ['no-such'] },
    code: 'reference.missing',
    says: /no-such/,
  },
  {
    what: 'a route that does not exist',
    kind: 'groups',
    make: { id: 'g', name: 'g', routeIds: ['no-such'] },
    code: 'reference.missing',
    says: /no-such/,
  },
  {
    what: 'a listener that does not exist',
    kind: 'routes',
    make: { id: 'r', ...route, listenerIds: ['no-such'] },
    code: 'reference.missing',
    says: /no-such/,
  },
  {
    what: 'a secret that does not exist',
    kind: 'destinations',
    make: { id: 'd', name: '{{secret:value:no-such}}', host: '{{secret:value:no-such}}', port: 80 },
    code: 'secret.unresolved',
    says: /no-such/,
  },
]

test('what cannot work is refused at capture with the entity and the reason, and nothing is stored', async (t) => {
  const { plane, client, url, base, activate } = await startGateway(t)
  await activate(base.respond('all', '/', 'hello'))
  const post = (path: string, body: object) =>
    ask(`${plane.url}/api/v1/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  const expectRefusal = async (code: string, says: RegExp): Promise<void> => {
    const answer = await post('snapshots', { name: 'broken' })
    assert.equal(answer.status, 400, answer.body)
    const said = JSON.parse(answer.body)
    assert.equal(said.code, 'capture_refused')
    const problem = said.problems.find((one: { code?: string }) => one.code === code)
    assert.ok(problem, answer.body)
    assert.match(problem.message, says)
    assert.ok(problem.entity.id, 'the entity is named')
  }
  for (const { what, make, kind, code, says } of captures) {
    await t.test(what, async () => {
      const created = await post(kind, make)
      assert.equal(created.status, 201, created.body)
      await expectRefusal(code, says)
      await ask(`${plane.url}/api/v1/${kind}/${JSON.parse(created.body).id}`, { method: 'DELETE' })
    })
  }
  await t.test('two listeners on one port', async () => {
    const [web] = await client.listeners.list()
    assert.ok(web)
    await post('listeners', { ...web, id: 'twin' })
    await expectRefusal('listener.conflict', /./)
    await client.listeners.delete('twin')
  })
  assert.equal((await client.snapshots.list()).length, 1)
  assert.equal((await ask(url)).body, 'hello')
})

const garbage: readonly { what: string; bytes: string | Buffer; answer: RegExp }[] = [
  { what: 'no HTTP at all', bytes: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', answer: /^(HTTP\/1\.1 400 |$)/ },
  { what: 'a request line without a version', bytes: 'GET /\r\n\r\n', answer: /^HTTP\/1\.1 400 / },
  { what: 'no Host', bytes: 'GET / HTTP/1.1\r\n\r\n', answer: /^HTTP\/1\.1 400 / },
  {
    what: 'a header name with a space',
    bytes: 'GET / HTTP/1.1\r\nHost: x\r\nA B: c\r\n\r\n',
    answer: /^HTTP\/1\.1 400 /,
  },
  {
    what: 'two lengths',
    bytes: 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na',
    answer: /^HTTP\/1\.1 400 /,
  },
  {
    what: 'a length and chunks',
    bytes: 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    answer: /^HTTP\/1\.1 400 /,
  },
  {
    what: 'a chunk size that is none',
    bytes: 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n',
    answer: /^(HTTP\/1\.1 400 |HTTP\/1\.1 200 |$)/,
  },
  {
    what: 'a head without end',
    bytes: `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(2_000_000)}`,
    answer: /^(HTTP\/1\.1 431 |HTTP\/1\.1 400 |$)/,
  },
]

test('whatever is sent to a proxy: the process lives, and the next client is served', async (t) => {
  const { proxy, port, url, base, activate } = await startGateway(t)
  const backend = await startBackend(t, { name: 'blue' })
  await activate(base.destination('blue', backend.address).forward('all', '/', 'blue'))
  const { pid } = proxy.program
  for (const { what, bytes, answer } of garbage) {
    await t.test(what, async () => {
      // a reset instead of an answer is also a refusal
      const said = await rawExchange(port, bytes).catch((error: NodeJS.ErrnoException) => {
        assert.match(error.code ?? '', /ECONNRESET|EPIPE/)
        return ''
      })
      assert.match(said, answer)
      assert.equal((await ask(url)).body, 'blue\n')
    })
  }
  assert.equal(proxy.program.pid, pid)
  assert.equal(proxy.program.running, true)
})
