import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { startControlPlane } from '../../testing/start.ts'
import { html } from './html.ts'
import type { OpenApi } from './openapi.ts'

test('the document is OpenAPI 3.1 with the paths as they are, at both of its addresses', async (t) => {
  const plane = await startControlPlane(t)
  const document = await plane.send('GET', '/api/v1/docs/doc.json')
  const { openapi, paths, info } = document.read<OpenApi>()
  assert.equal(openapi, '3.1.0')
  assert.equal(info.version, '1.2.3')
  for (const kind of ['listeners', 'destinations', 'routes', 'groups', 'middlewares', 'secrets']) {
    assert.deepEqual(Object.keys(paths[`/api/v1/${kind}`] ?? {}).sort(), ['get', 'post'])
    assert.deepEqual(Object.keys(paths[`/api/v1/${kind}/{id}`] ?? {}).sort(), ['delete', 'get', 'put'])
  }
  for (const path of ['/sync/snapshot', '/api/v1/sync/snapshot', '/api/v1/snapshots/{id}/activate', '/healthz']) {
    assert.ok(paths[path], path)
  }
  assert.equal((await plane.send('GET', '/api/v1/openapi.json')).text, document.text)
})

test('every reference leads to a schema, operation ids and parameters are unique', async (t) => {
  const document = (await (await startControlPlane(t)).send('GET', '/api/v1/docs/doc.json')).read<OpenApi>()
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)]
  assert.ok(references.length > 50)
  for (const [, name = ''] of references) assert.ok(document.components.schemas[name], name)
  assert.doesNotMatch(JSON.stringify(document), /"\$ref":"(?!#\/components\/schemas\/)/)
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods))
  assert.equal(new Set(operations.map(({ operationId }) => operationId)).size, operations.length)
  const tags = new Set(document.tags.map(({ name }) => name))
  for (const { operationId, parameters = [], tags: used, responses } of operations) {
    assert.equal(new Set(parameters.map((one) => `${one.in}:${one.name}`)).size, parameters.length, operationId)
    assert.ok(
      used.every((tag) => tags.has(tag)),
      operationId,
    )
    assert.ok(responses['500'], operationId)
  }
})

test('entities are described with their members, and the id is not required to create one', async (t) => {
  const { components, paths } = (
    await (await startControlPlane(t)).send('GET', '/api/v1/docs/doc.json')
  ).read<OpenApi>()
  assert.partialDeepStrictEqual(components.schemas['Listener'], {
    properties: { port: { maximum: 65535 } },
    required: ['port'],
  })
  const body = paths['/api/v1/listeners']?.['post']?.requestBody
  assert.deepEqual(body?.content['application/json']?.schema, { $ref: '#/components/schemas/Listener' })
  assert.ok(components.schemas['Middleware'])
})

test('the page runs no script, loads nothing, and its style is the one that its policy allows', async (t) => {
  const plane = await startControlPlane(t)
  const page = await plane.send('GET', '/api/v1/docs/')
  assert.equal(page.headers['content-type'], 'text/html; charset=utf-8')
  const policy = String(page.headers['content-security-policy'])
  assert.match(policy, /^default-src 'none'; /)
  assert.match(policy, /frame-ancestors 'none'/)
  assert.doesNotMatch(policy, /script-src|unsafe|http/)
  assert.doesNotMatch(page.text, /<script|javascript:|\son\w+=|<link|<img|src=|@import|url\(/i)
  const [, style = ''] = /<style>(.*?)<\/style>/s.exec(page.text) ?? []
  assert.ok(policy.includes(createHash('sha256').update(style).digest('base64')))
  const links = [...page.text.matchAll(/href="([^"]*)"/g)].map(([, link = '']) => link)
  for (const link of links) {
    if (link.startsWith('#')) assert.ok(page.text.includes(`id="${link.slice(1)}"`), link)
    else assert.equal((await plane.send('GET', link)).status, 200, link)
  }
  assert.ok(page.text.includes('/api/v1/snapshots/{id}/activate'))
  assert.equal((await plane.send('GET', '/api/v1/docs')).text, page.text)
})

test('what comes from descriptions cannot become markup', () => {
  const evil = '<script>"\'&'
  assert.equal(html`<p title="${evil}">${[evil, html`<b>${1}</b>`, undefined]}</p>`.html.match(/<script/), null)
  assert.equal(html`${evil}`.html, '&lt;script&gt;&quot;&#39;&amp;')
})
