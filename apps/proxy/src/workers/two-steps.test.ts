import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, eventually, snapshot, startBackend } from '@vrata/testkit'
import { documentOf, startInProcess } from '../testing/in-process.ts'

const closed = { drainTimeout: '0s' }

test('a snapshot that is prepared touches nothing that serves until it is committed', async (t) => {
  const proxy = await startInProcess(t, (s) => s.respond('r', '/', 'old'))
  const { activation, port, url } = proxy
  const next = snapshot().listener('main', port, closed).respond('r', '/', 'new')
  const candidate = await activation.prepare(documentOf(next.config))
  assert.ok(candidate.kind === 'new')
  assert.equal((await ask(url)).body, 'old')
  await activation.commit(candidate)
  assert.equal((await ask(url)).body, 'new')
})

test('a snapshot that is prepared and given up leaves no limit behind on the connections that it shares', async (t) => {
  const release = Promise.withResolvers<void>()
  const backend = await startBackend(t, {
    handler: async (_request, response) => {
      await release.promise
      response.end('done')
    },
  })
  const config = (port: number, maxConnsPerHost: number) =>
    snapshot()
      .listener('main', port, closed)
      .destination('d', backend.address, { options: { maxConnsPerHost } })
      .forward('r', '/', 'd')
  const { activation, port, url } = await startInProcess(t, (_s, port) => config(port, 2))
  const candidate = await activation.prepare(documentOf(config(port, 1).config))
  assert.ok(candidate.kind === 'new')
  activation.discard(candidate)
  const answers = [ask(url), ask(url)]
  await eventually('both requests at the same time', () => backend.requests.length === 2)
  release.resolve()
  assert.deepEqual(
    (await Promise.all(answers)).map(({ body }) => body),
    ['done', 'done'],
  )
})

test('what runs already is not prepared again', async (t) => {
  const { activation } = await startInProcess(t, (s) => s.respond('r', '/', 'x'))
  const { gateway } = activation
  const again = { ...documentOf(snapshot().config, 7), hash: gateway?.identity.hash ?? '' }
  const candidate = await activation.prepare(again)
  assert.equal(candidate.kind, 'same')
  activation.discard(candidate)
  assert.notEqual(gateway?.identity.seq, 7)
})
