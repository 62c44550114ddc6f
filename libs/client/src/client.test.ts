import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { type Client, createClient } from './client.ts'
import { ApiError, NoAnswerError } from './errors.ts'

interface Seen {
  readonly line: string
  readonly body: unknown
  readonly headers: IncomingMessage['headers']
}

/** A real server that answers what the case says and remembers what it was asked. */
async function server(t: TestContext, respond: RequestListener): Promise<{ baseUrl: string; seen: Seen[] }> {
  const seen: Seen[] = []
  const http = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request.setEncoding('utf8')) text += chunk
    seen.push({
      line: `${request.method} ${request.url}`,
      body: text === '' ? undefined : JSON.parse(text),
      headers: request.headers,
    })
    respond(request, response)
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  t.after(() => {
    http.closeAllConnections()
    http.close()
  })
  return { baseUrl: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, seen }
}

function json(status: number, value: unknown): RequestListener {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
  }
}

const empty: RequestListener = (_request, response) => response.writeHead(204).end()

const listener = { id: 'web', name: 'web', port: 8000 }
const summary = { id: 's-1', name: 'first', createdAt: '2026-01-05T10:00:00.000Z', active: true }

const calls: readonly {
  what: string
  call: (client: Client) => Promise<unknown>
  line: string
  body?: unknown
  respond: RequestListener
  gives: unknown
}[] = [
  {
    what: 'listeners.list',
    call: (c) => c.listeners.list(),
    line: 'GET /api/v1/listeners',
    respond: json(200, [listener]),
    gives: [listener],
  },
  {
    what: 'destinations.get',
    call: (c) => c.destinations.get('d-1'),
    line: 'GET /api/v1/destinations/d-1',
    respond: json(200, { id: 'd-1' }),
    gives: { id: 'd-1' },
  },
  {
    what: 'listeners.create',
    call: (c) => c.listeners.create(listener),
    line: 'POST /api/v1/listeners',
    body: listener,
    respond: json(201, listener),
    gives: listener,
  },
  {
    what: 'groups.replace',
    call: (c) => c.groups.replace('g', { name: 'g' }),
    line: 'PUT /api/v1/groups/g',
    body: { name: 'g' },
    respond: json(200, { id: 'g', name: 'g' }),
    gives: { id: 'g', name: 'g' },
  },
  {
    what: 'routes.delete, which has no body to give',
    call: (c) => c.routes.delete('r'),
    line: 'DELETE /api/v1/routes/r',
    respond: empty,
    gives: undefined,
  },
  {
    what: 'an id with characters that mean something in a URL',
    call: (c) => c.middlewares.get('k8s:a/b?c'),
    line: 'GET /api/v1/middlewares/k8s%3Aa%2Fb%3Fc',
    respond: json(200, { id: 'k8s:a/b?c' }),
    gives: { id: 'k8s:a/b?c' },
  },
  {
    what: 'secrets.create',
    call: (c) => c.secrets.create({ name: 'token', value: 'hush' }),
    line: 'POST /api/v1/secrets',
    body: { name: 'token', value: 'hush' },
    respond: json(201, { id: 'x', name: 'token' }),
    gives: { id: 'x', name: 'token' },
  },
  {
    what: 'snapshots.list',
    call: (c) => c.snapshots.list(),
    line: 'GET /api/v1/snapshots',
    respond: json(200, [summary]),
    gives: [summary],
  },
  {
    what: 'snapshots.capture',
    call: (c) => c.snapshots.capture('first', { labels: { by: 'me' } }),
    line: 'POST /api/v1/snapshots',
    body: { name: 'first', labels: { by: 'me' } },
    respond: json(201, { id: 's-1' }),
    gives: { id: 's-1' },
  },
  {
    what: 'snapshots.get',
    call: (c) => c.snapshots.get('s-1'),
    line: 'GET /api/v1/snapshots/s-1',
    respond: json(200, { id: 's-1' }),
    gives: { id: 's-1' },
  },
  {
    what: 'snapshots.activate',
    call: (c) => c.snapshots.activate('s-1'),
    line: 'POST /api/v1/snapshots/s-1/activate',
    body: {},
    respond: json(200, summary),
    gives: summary,
  },
  {
    what: 'snapshots.delete',
    call: (c) => c.snapshots.delete('s-1'),
    line: 'DELETE /api/v1/snapshots/s-1',
    respond: empty,
    gives: undefined,
  },
  {
    what: 'snapshots.delete by force',
    call: (c) => c.snapshots.delete('s-1', { force: true }),
    line: 'DELETE /api/v1/snapshots/s-1?force=true',
    respond: empty,
    gives: undefined,
  },
  {
    what: 'explain',
    call: (c) => c.explain({ host: 'shop.test', path: '/a' }),
    line: 'POST /api/v1/explain',
    body: { host: 'shop.test', path: '/a' },
    respond: json(200, { matched: false }),
    gives: { matched: false },
  },
  {
    what: 'fleet',
    call: (c) => c.fleet(),
    line: 'GET /api/v1/fleet',
    respond: json(200, { proxies: [] }),
    gives: { proxies: [] },
  },
  {
    what: 'ready, when it is',
    call: (c) => c.ready(),
    line: 'GET /readyz',
    respond: json(200, { status: 'ok' }),
    gives: true,
  },
  {
    what: 'ready, when it is not',
    call: (c) => c.ready(),
    line: 'GET /readyz',
    respond: json(503, { status: 'unready' }),
    gives: false,
  },
]

for (const { what, call, line, body, respond, gives } of calls) {
  test(`the client sends and reads ${what}`, async (t) => {
    const { baseUrl, seen } = await server(t, respond)
    assert.deepEqual(await call(createClient({ baseUrl })), gives)
    assert.deepEqual(
      seen.map((one) => [one.line, one.body]),
      [[line, body]],
    )
  })
}

test('put replaces, and creates under the id only when there was nothing', async (t) => {
  const { baseUrl, seen } = await server(t, (request, response) =>
    request.method === 'PUT'
      ? json(404, { error: 'route "r": resource not found', code: 'not_found' })(request, response)
      : json(201, { id: 'r' })(request, response),
  )
  await createClient({ baseUrl }).groups.put('r', { name: 'r' })
  assert.deepEqual(
    seen.map((one) => [one.line, one.body]),
    [
      ['PUT /api/v1/groups/r', { name: 'r' }],
      ['POST /api/v1/groups', { id: 'r', name: 'r' }],
    ],
  )
})

test('put passes every other refusal on and creates nothing', async (t) => {
  const { baseUrl, seen } = await server(t, json(400, { error: 'no', code: 'invalid' }))
  await assert.rejects(createClient({ baseUrl }).groups.put('r', { name: 'r' }), { status: 400, code: 'invalid' })
  assert.equal(seen.length, 1)
})

test('the key is sent as bearer token, and no authorization header without one', async (t) => {
  const { baseUrl, seen } = await server(t, json(200, []))
  await createClient({ baseUrl, apiKey: 'k-1' }).routes.list()
  await createClient({ baseUrl }).routes.list()
  assert.deepEqual(
    seen.map(({ headers }) => headers.authorization),
    ['Bearer k-1', undefined],
  )
})

test('a base URL may end with a slash and may have a path', async (t) => {
  const { baseUrl, seen } = await server(t, json(200, []))
  await createClient({ baseUrl: `${baseUrl}/vrata/` }).routes.list()
  assert.equal(seen[0]?.line, 'GET /vrata/api/v1/routes')
})

const problem = {
  entity: { kind: 'route', name: 'x' },
  pointer: '/match/pathPrefx',
  message: 'unknown field',
  suggestion: 'pathPrefix',
  severity: 'error',
}

const refusals: readonly {
  what: string
  respond: RequestListener
  expect: Partial<Pick<ApiError, 'status' | 'code' | 'message' | 'requestId'>> & { problems: unknown[] }
}[] = [
  {
    what: 'with all that the control plane says',
    respond: json(400, { error: 'not valid: 1 problem', code: 'invalid', requestId: 'q-1', problems: [problem] }),
    expect: { status: 400, code: 'invalid', message: 'not valid: 1 problem', requestId: 'q-1', problems: [problem] },
  },
  {
    what: 'that has no problems',
    respond: json(409, { error: 'id "a" exists', code: 'id_exists' }),
    expect: { status: 409, code: 'id_exists', message: 'id "a" exists', requestId: undefined, problems: [] },
  },
  {
    what: 'of something that is no control plane',
    respond: (_request, response) => response.writeHead(502).end('<html>Bad Gateway</html>'),
    expect: { status: 502, code: 'unknown', message: 'HTTP 502 Bad Gateway', problems: [] },
  },
  {
    what: 'whose JSON is of another form',
    respond: json(500, { error: { text: 'x' }, problems: [1, null, { pointer: '' }] }),
    expect: { status: 500, code: 'unknown', message: 'HTTP 500 Internal Server Error', problems: [] },
  },
  {
    what: 'by a redirect, which is not followed',
    respond: (_request, response) => response.writeHead(301, { location: '/elsewhere' }).end(),
    expect: { status: 301, code: 'unknown', problems: [] },
  },
]

for (const { what, respond, expect } of refusals) {
  test(`a refusal ${what} becomes an ApiError`, async (t) => {
    const { baseUrl, seen } = await server(t, respond)
    await assert.rejects(createClient({ baseUrl }).groups.create({ name: 'x' }), (error) => {
      assert.ok(error instanceof ApiError)
      const { status, code, message, requestId, problems } = error
      assert.deepEqual({ status, code, message, requestId, problems }, { message, requestId, ...expect })
      return true
    })
    assert.equal(seen.length, 1)
  })
}

test('nobody listening is a NoAnswerError that names the request and the reason', async () => {
  const closed = createServer().listen(0, '127.0.0.1')
  await once(closed, 'listening')
  const { port } = closed.address() as AddressInfo
  closed.close()
  await once(closed, 'close')
  await assert.rejects(createClient({ baseUrl: `http://127.0.0.1:${port}` }).routes.list(), (error) => {
    assert.ok(error instanceof NoAnswerError)
    assert.match(error.message, /^GET http:\/\/127\.0\.0\.1:\d+\/api\/v1\/routes: .*ECONNREFUSED/)
    return true
  })
})

test('an answer cut in its middle is a NoAnswerError', async (t) => {
  const { baseUrl } = await server(t, (_request, response) => {
    response.writeHead(200, { 'content-length': '100' })
    response.write('[')
    setImmediate(() => response.destroy())
  })
  await assert.rejects(createClient({ baseUrl }).routes.list(), NoAnswerError)
})

test('a success that is not JSON is a NoAnswerError', async (t) => {
  const { baseUrl } = await server(t, (_request, response) => response.writeHead(200).end('<html>'))
  await assert.rejects(createClient({ baseUrl }).routes.list(), /the answer with status 200 is not JSON/)
})

test('a server that never answers is given up after the timeout', async (t) => {
  const { baseUrl } = await server(t, () => {})
  await assert.rejects(createClient({ baseUrl, timeout: 50 }).routes.list(), (error) => {
    assert.ok(error instanceof NoAnswerError)
    assert.match(error.message, /no answer within 50 ms/)
    return true
  })
})

test('ready is false when nobody answers', async (t) => {
  const { baseUrl } = await server(t, (request) => request.socket.destroy())
  assert.equal(await createClient({ baseUrl }).ready(), false)
})
