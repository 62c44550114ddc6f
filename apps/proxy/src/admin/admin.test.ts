import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { EventEmitter } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { ask, own, rawExchange, type Scope } from '@vrata/testkit'
import { AdminServer, type AdminSource } from './admin-server.ts'
import { publicConfig } from './public-config.ts'
import { readiness } from './readiness.ts'

const fine = { running: true, unbound: [], draining: false, stale: false, workers: undefined }

test('readiness says what is missing', () => {
  assert.deepEqual(readiness(fine), { ready: true, body: { status: 'ready' } })
  assert.deepEqual(readiness({ ...fine, stale: true }), { ready: true, body: { status: 'ready', stale: true } })
  assert.deepEqual(readiness({ ...fine, running: false }).body, { status: 'unready', reason: 'no snapshot' })
  assert.deepEqual(readiness({ ...fine, draining: true }), {
    ready: false,
    body: { status: 'unready', reason: 'draining' },
  })
  assert.deepEqual(
    readiness({ ...fine, unbound: ['listener a: x', 'listener b: y'] }).body.reason,
    'listener a: x; listener b: y',
  )
})

test('readiness counts the workers, and needs one of them', () => {
  const some = { wanted: 4, serving: 1 }
  assert.deepEqual(readiness({ ...fine, workers: some }), { ready: true, body: { status: 'ready', workers: some } })
  const none = { wanted: 4, serving: 0 }
  assert.deepEqual(readiness({ ...fine, workers: none }), {
    ready: false,
    body: { status: 'unready', reason: 'no worker serves', workers: none },
  })
})

test('the configuration is shown with its structure and without any text that could be a secret', () => {
  const config = {
    listeners: [{ id: 'l', port: 80, tls: { key: 'SECRET', cert: 'SECRET' }, http2: true }],
    routes: [
      {
        id: 'r',
        match: { pathPrefix: '/a', headers: [{ name: 'x-key', value: 'SECRET' }], cel: 'SECRET' },
        directResponse: { status: 200, body: 'SECRET', headers: { authorization: 'SECRET' } },
      },
    ],
    middlewares: [{ id: 'm', type: 'basicAuth', basicAuth: { users: ['SECRET'], nested: { deep: ['SECRET'] } } }],
  }
  const text = JSON.stringify(publicConfig(config))
  assert.doesNotMatch(text, /SECRET/)
  for (const shown of [
    '"id":"l"',
    '"port":80',
    '"http2":true',
    '"pathPrefix":"/a"',
    '"name":"x-key"',
    '"type":"basicAuth"',
  ]) {
    assert.ok(text.includes(shown), shown)
  }
})

async function startAdmin(t: Scope, overrides: Partial<AdminSource> = {}) {
  let level = 'info'
  const mistakes: unknown[] = []
  const source: AdminSource = {
    readiness: () => readiness(fine),
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4', body: 'vrata_x 1\n' }),
    config: async (full) => ({ full }),
    endpoints: async () => [],
    logLevel: () => level,
    setLogLevel: (next) => {
      if (!['debug', 'info'].includes(next)) return false
      level = next
      return true
    },
    ...overrides,
  }
  const admin = await AdminServer.open({ host: '127.0.0.1', port: 0 }, source, (thrown) => mistakes.push(thrown))
  own(t, () => admin[Symbol.asyncDispose]())
  return { url: `http://${admin.address}`, mistakes }
}

interface Row {
  readonly method?: string
  readonly path: string
  readonly body?: string
  readonly status: number
  readonly answer: string
}

const rows: readonly Row[] = [
  { path: '/livez', status: 200, answer: '{"status":"ok"}\n' },
  { path: '/readyz', status: 200, answer: '{"status":"ready"}\n' },
  { path: '/metrics', status: 200, answer: 'vrata_x 1\n' },
  { path: '/config', status: 200, answer: '{"full":false}\n' },
  { path: '/config?full', status: 200, answer: '{"full":true}\n' },
  { path: '/endpoints', status: 200, answer: '[]\n' },
  { path: '/loglevel', status: 200, answer: '{"level":"info"}\n' },
  { method: 'PUT', path: '/loglevel', body: 'debug', status: 200, answer: '{"level":"debug"}\n' },
  { method: 'PUT', path: '/loglevel', body: '{"level": "debug"}', status: 200, answer: '{"level":"debug"}\n' },
  {
    method: 'PUT',
    path: '/loglevel',
    body: 'loud',
    status: 400,
    answer: '{"error":"level must be debug, info, warn or error"}\n',
  },
  { method: 'PUT', path: '/loglevel', body: 'x'.repeat(5000), status: 413, answer: '{"error":"too large"}\n' },
  { method: 'POST', path: '/loglevel', body: 'debug', status: 405, answer: '{"error":"method not allowed"}\n' },
  { method: 'PUT', path: '/config', body: '{}', status: 405, answer: '{"error":"method not allowed"}\n' },
  { path: '/other', status: 404, answer: '{"error":"not found"}\n' },
  { method: 'HEAD', path: '/livez', status: 200, answer: '' },
]

for (const { method = 'GET', path, body, status, answer } of rows) {
  test(`admin: ${method} ${path} ${body?.slice(0, 20) ?? ''} is ${status}`, async (t) => {
    const { url } = await startAdmin(t)
    const got = await ask(url + path, { method, ...(body === undefined ? {} : { body }) })
    assert.equal(got.status, status)
    assert.equal(got.body, answer)
  })
}

test('admin: not ready is 503 with the reason', async (t) => {
  const { url } = await startAdmin(t, { readiness: () => readiness({ ...fine, running: false }) })
  const got = await ask(`${url}/readyz`)
  assert.equal(got.status, 503)
  assert.equal(got.body, '{"status":"unready","reason":"no snapshot"}\n')
})

test('admin: a mistake of ours is told and answered, and the next request is served', async (t) => {
  const { url, mistakes } = await startAdmin(t, {
    endpoints: () => {
      throw new Error('ours')
    },
  })
  assert.equal((await ask(`${url}/endpoints`)).status, 500)
  assert.equal(mistakes.length, 1)
  assert.equal((await ask(`${url}/livez`)).status, 200)
})

for (const target of ['//', 'http://[', '//:0/livez']) {
  test(`admin: the target ${target} is of the client's making, and no mistake of ours`, async (t) => {
    const { url, mistakes } = await startAdmin(t)
    const port = Number(new URL(url).port)
    const answer = await rawExchange(port, `GET ${target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`)
    assert.match(answer, /^HTTP\/1\.1 404 /)
    assert.deepEqual(mistakes, [])
  })
}

test('admin: a client that goes away in the middle of its body is no mistake of ours', async (t) => {
  const { url, mistakes } = await startAdmin(t)
  const client = connect(Number(new URL(url).port), '127.0.0.1')
  client.write('PUT /loglevel HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nde')
  const gone = new Promise<void>((resolve) => {
    const onRequest = (message: unknown): void => {
      const { request } = message as { readonly request: EventEmitter }
      unsubscribe('http.server.request.start', onRequest)
      request.once('close', () => resolve())
      client.destroy()
    }
    subscribe('http.server.request.start', onRequest)
  })
  await gone
  assert.equal((await ask(`${url}/livez`)).status, 200)
  assert.deepEqual(mistakes, [])
})

test('admin: a method that is not allowed is answered with those that are', async (t) => {
  const { url } = await startAdmin(t)
  assert.equal((await ask(`${url}/livez`, { method: 'POST' })).headers['allow'], 'GET, HEAD')
  assert.equal((await ask(`${url}/loglevel`, { method: 'DELETE' })).headers['allow'], 'GET, HEAD, PUT')
})

test('admin: a connection that cannot be accepted is told, and the others are served', async (t) => {
  const { url, mistakes } = await startAdmin(t)
  const server = new Promise<EventEmitter>((resolve) => {
    const onRequest = (message: unknown): void => {
      unsubscribe('http.server.request.start', onRequest)
      resolve((message as { readonly server: EventEmitter }).server)
    }
    subscribe('http.server.request.start', onRequest)
  })
  await ask(`${url}/livez`)
  ;(await server).emit('error', new Error('accept EPERM'))
  assert.equal((await ask(`${url}/livez`)).status, 200)
  assert.deepEqual(mistakes.map(String), ['Error: accept EPERM'])
})
