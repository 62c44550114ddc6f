import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClient } from '@vrata/client'
import { startBackend } from './backend.ts'
import { snapshot } from './snapshot.ts'

test('the builder makes the five lists', () => {
  const { config } = snapshot()
    .listener('web', 8000, { serverName: 'x' })
    .destination('blue', '127.0.0.1:9001')
    .destination('six', '[::1]:9002')
    .forward('shop', '/shop', { blue: 90, six: 10 })
    .respond('hello', '/hello', 'hi')
    .group('all', { name: 'all', routeIds: ['shop'] })
  assert.deepEqual(config, {
    listeners: [{ id: 'web', name: 'web', address: '127.0.0.1', port: 8000, serverName: 'x' }],
    destinations: [
      { id: 'blue', name: 'blue', host: '127.0.0.1', port: 9001 },
      { id: 'six', name: 'six', host: '::1', port: 9002 },
    ],
    routes: [
      {
        id: 'shop',
        name: 'shop',
        match: { pathPrefix: '/shop' },
        forward: {
          destinations: [
            { destinationId: 'blue', weight: 90 },
            { destinationId: 'six', weight: 10 },
          ],
        },
      },
      { id: 'hello', name: 'hello', match: { pathPrefix: '/hello' }, directResponse: { status: 200, body: 'hi' } },
    ],
    groups: [{ id: 'all', name: 'all', routeIds: ['shop'] }],
    middlewares: [],
  })
})

test('a builder is not changed by what is made from it, and the same id replaces', () => {
  const first = snapshot().destination('a', 'h:1').respond('r', '/', 'one')
  const second = first.respond('r', '/', 'two').without('a')
  assert.equal(first.config.routes[0]?.directResponse?.body, 'one')
  assert.equal(second.config.routes[0]?.directResponse?.body, 'two')
  assert.deepEqual([first.config.destinations.length, second.config.destinations.length], [1, 0])
})

test('activating stages exactly what was built, captures and activates', async (t) => {
  const calls: string[] = []
  const plane = await startBackend(t, {
    handler: (request, response) => {
      calls.push(`${request.method} ${request.url}`)
      response.setHeader('content-type', 'application/json')
      if (request.method === 'DELETE') response.writeHead(204).end()
      else if (request.method === 'PUT' && request.url?.endsWith('/new')) response.writeHead(404).end('{}')
      else if (request.method === 'GET') response.end(request.url?.endsWith('/routes') ? '[{"id":"old"}]' : '[]')
      else response.end('{"id":"s-1"}')
    },
  })
  const captured = await snapshot()
    .respond('new', '/', 'x')
    .activate(createClient({ baseUrl: plane.url }), 'v1')
  assert.equal(captured.id, 's-1')
  assert.deepEqual(
    calls.map((call) => call.replace('/api/v1/', '')),
    [
      'GET listeners',
      'GET destinations',
      'GET middlewares',
      'GET routes',
      'DELETE routes/old',
      'PUT routes/new',
      'POST routes',
      'GET groups',
      'POST snapshots',
      'POST snapshots/s-1/activate',
    ],
  )
})
