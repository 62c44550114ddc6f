import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, echo, eventually, startBackend, startProxy } from '@vrata/testkit'
import { startGateway } from '../gateway.ts'

test('what is captured and activated is served, what is only staged is not, and the older snapshot is the way back', async (t) => {
  const { plane, client, proxy, url, base, activate, activateAgain } = await startGateway(t)
  const blue = await startBackend(t, { name: 'blue' })
  const green = await startBackend(t, { name: 'green' })
  const config = base.destination('blue', blue.address).destination('green', green.address)

  await config.forward('shop', '/shop', 'blue').stage(client)
  await assert.rejects(ask(url), /ECONNREFUSED/, 'nothing is live before the first activation')

  const first = await activate(config.forward('shop', '/shop', 'blue'), 'first')
  assert.equal((await ask(`${url}/shop/cart`)).body, 'blue\n')
  assert.equal((await ask(`${url}/other`)).status, 404)

  await config.forward('shop', '/shop', 'green').stage(client)
  await client.snapshots.capture('captured only')
  assert.equal((await ask(`${url}/shop/cart`)).body, 'blue\n', 'a capture changes nothing')

  const second = await activate(config.forward('shop', '/shop', 'green'), 'second')
  assert.equal((await ask(`${url}/shop/cart`)).body, 'green\n')

  await activateAgain(first)
  assert.equal((await ask(`${url}/shop/cart`)).body, 'blue\n')

  const fleet = await eventually('the fleet to say so', async () => {
    const now = await plane.client.fleet()
    return now.counts.inSync === 1 ? now : undefined
  })
  assert.equal(fleet.active?.snapshotId, first)
  assert.deepEqual(
    fleet.proxies.map(({ id, snapshotId, state }) => ({ id, snapshotId, state })),
    [{ id: proxy.id, snapshotId: first, state: 'inSync' }],
  )
  const summaries = await client.snapshots.list()
  assert.deepEqual(
    summaries.filter(({ active }) => active).map(({ id }) => id),
    [first],
  )
  assert.ok(summaries.some(({ id }) => id === second))
})

test('the backend receives the request as the client sent it, with the headers of a gateway', async (t) => {
  const { url, base, activate } = await startGateway(t)
  const backend = await startBackend(t, { handler: echo })
  await activate(base.destination('a', backend.address).forward('all', '/', 'a'))
  const answer = await ask(`${url}/p%20q/r?x=1&y=%2F`, {
    method: 'POST',
    headers: { host: 'shop.test:1234', 'x-mine': 'yes', connection: 'x-drop', 'x-drop': 'gone' },
    body: 'the body',
  })
  const said = JSON.parse(answer.body)
  assert.deepEqual(
    [said.method, said.url, said.headers.host, said.body],
    ['POST', '/p%20q/r?x=1&y=%2F', 'shop.test:1234', 'the body'],
  )
  assert.equal(said.headers['x-mine'], 'yes')
  assert.equal(said.headers['x-drop'], undefined, 'a header named in Connection ends at the gateway')
  assert.equal(said.headers['x-forwarded-for'], '127.0.0.1')
  assert.equal(said.headers['x-forwarded-proto'], 'http')
  assert.equal(said.headers['x-forwarded-host'], 'shop.test:1234')
})

test('routes choose by path, method, host, header, query and expression; redirects and own answers need no backend', async (t) => {
  const { url, base, activate } = await startGateway(t)
  const respond = (body: string) => ({ directResponse: { status: 200, body } })
  await activate(
    base
      .respond('prefix', '/a', 'prefix')
      .route('exact', { name: 'exact', match: { path: '/a/exact' }, ...respond('exact') })
      .route('regex', { name: 'regex', match: { pathRegex: '^/item/[0-9]+$' }, ...respond('regex') })
      .route('post', { name: 'post', match: { pathPrefix: '/a', methods: ['POST'] }, ...respond('post') })
      .route('host', { name: 'host', match: { pathPrefix: '/a', hostnames: ['*.shop.test'] }, ...respond('host') })
      .route('header', {
        name: 'header',
        match: { pathPrefix: '/a', headers: [{ name: 'x-tier', value: 'gold' }] },
        ...respond('header'),
      })
      .route('query', {
        name: 'query',
        match: { pathPrefix: '/a', queryParams: [{ name: 'v', value: '2' }] },
        ...respond('query'),
      })
      .route('cel', {
        name: 'cel',
        match: { pathPrefix: '/cel', cel: 'request.headers["x-user"] == "ann"' },
        ...respond('cel'),
      })
      .route('old', { name: 'old', match: { path: '/old' }, redirect: { path: '/new', code: 308 } }),
  )
  const rows: readonly [string, Parameters<typeof ask>[1], number, string][] = [
    ['/a/x', {}, 200, 'prefix'],
    ['/a/exact', {}, 200, 'exact'],
    ['/item/42', {}, 200, 'regex'],
    ['/item/x', {}, 404, ''],
    ['/ab', {}, 404, ''],
    ['/a', { method: 'POST' }, 200, 'post'],
    ['/a', { headers: { host: 'EU.shop.test' } }, 200, 'host'],
    ['/a', { headers: { 'x-tier': 'gold' } }, 200, 'header'],
    ['/a?v=2', {}, 200, 'query'],
    ['/cel', { headers: { 'x-user': 'ann' } }, 200, 'cel'],
    ['/cel', {}, 404, ''],
  ]
  for (const [path, options, status, body] of rows) {
    const answer = await ask(url + path, options)
    assert.equal(answer.status, status, `${path} ${JSON.stringify(options)}`)
    if (status === 200) assert.equal(answer.body, body, `${path} ${JSON.stringify(options)}`)
    else assert.equal(JSON.parse(answer.body).error, 'no_route')
  }
  const redirect = await ask(`${url}/old?q=1`)
  assert.deepEqual([redirect.status, redirect.headers.location], [308, '/new?q=1'])
})

test('a proxy that joins later receives the active snapshot at once', async (t) => {
  const { plane, base, activate } = await startGateway(t)
  const id = await activate(base.respond('all', '/', 'hello'))
  // the port is the first proxy's, so the second one cannot open it; that it heard of the snapshot is what counts
  const second = await startProxy(t, { controlPlane: plane.url, name: 'second' })
  await second.applied(id)
})

for (const [what, bundled] of [
  ['the sources', false],
  ['the bundles', true],
] as const) {
  test(`${what} of both programs serve and stop`, async (t) => {
    const { url, base, activate, plane, proxy } = await startGateway(t, { plane: { bundled }, proxy: { bundled } })
    const backend = await startBackend(t, { name: 'blue' })
    await activate(base.destination('blue', backend.address).forward('all', '/', 'blue'))
    assert.equal((await ask(url)).body, 'blue\n')
    assert.equal(await proxy.program.stop(), 0)
    assert.equal(await plane.program.stop(), 0)
  })
}
