import assert from 'node:assert/strict'
import { test } from 'node:test'
import { snapshot } from '@vrata/testkit'
import type { Applied } from '../activation.ts'
import { documentOf } from '../testing/in-process.ts'
import { Feed } from './feed.ts'

const ok: Applied = { result: 'ok', problems: [], applyMs: 1 }

function noMistake(thrown: unknown): void {
  assert.fail(String(thrown))
}

function offered(id: string) {
  return { document: { ...documentOf(snapshot().config), id }, text: id }
}

test('of a burst only the first, which had begun, and the newest are applied', async () => {
  const applied: string[] = []
  const first = Promise.withResolvers<void>()
  const feed = new Feed(
    async ({ id }) => {
      applied.push(id)
      if (id === '1') await first.promise
      return ok
    },
    async () => undefined,
    noMistake,
  )
  for (const id of ['1', '2', '3', '4']) feed.offer(offered(id))
  first.resolve()
  await feed.idle()
  assert.deepEqual(applied, ['1', '4'])
})

test('two swaps are at least ten milliseconds apart', async () => {
  const times: number[] = []
  const feed = new Feed(
    async () => ok,
    async () => {
      times.push(performance.now())
    },
    noMistake,
  )
  for (let at = 0; at < 5; at++) {
    feed.offer(offered(String(at)))
    await new Promise((resolve) => setImmediate(resolve))
  }
  await feed.idle()
  assert.ok(times.length >= 2)
  for (let at = 1; at < times.length; at++) assert.ok((times[at] ?? 0) - (times[at - 1] ?? 0) >= 9)
})

test('an outcome is dealt with before the next document is begun', async () => {
  const order: string[] = []
  const feed = new Feed(
    async ({ id }) => {
      order.push(`apply ${id}`)
      if (id === '1') feed.offer(offered('2'))
      return id === '1' ? ok : { ...ok, result: 'error' }
    },
    async ({ document }, { result }) => {
      await new Promise((resolve) => setImmediate(resolve))
      order.push(`${document.id} ${result}`)
    },
    noMistake,
  )
  feed.offer(offered('1'))
  await feed.idle()
  assert.deepEqual(order, ['apply 1', '1 ok', 'apply 2', '2 error'])
})

test('a document that makes applying throw is told, and the next one is applied', async () => {
  const mistakes: unknown[] = []
  const applied: string[] = []
  const feed = new Feed(
    async ({ id }) => {
      if (id === '1') throw new Error('ours')
      applied.push(id)
      return ok
    },
    async () => undefined,
    (thrown) => mistakes.push(thrown),
  )
  feed.offer(offered('1'))
  await feed.idle()
  feed.offer(offered('2'))
  await feed.idle()
  assert.equal(mistakes.length, 1)
  assert.deepEqual(applied, ['2'])
})
