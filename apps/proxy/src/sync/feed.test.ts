import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Feed } from './feed.ts'

function noMistake(thrown: unknown): void {
  assert.fail(String(thrown))
}

test('of a burst only the first, which had begun, and the newest are taken', async () => {
  const taken: string[] = []
  const first = Promise.withResolvers<void>()
  const feed = new Feed(async (text) => {
    taken.push(text)
    if (text === '1') await first.promise
  }, noMistake)
  for (const text of ['1', '2', '3', '4']) feed.offer(text)
  first.resolve()
  await feed.idle()
  assert.deepEqual(taken, ['1', '4'])
})

test('two swaps are at least ten milliseconds apart', async () => {
  const times: number[] = []
  const feed = new Feed(async () => void times.push(performance.now()), noMistake)
  for (let at = 0; at < 5; at++) {
    feed.offer(String(at))
    await new Promise((resolve) => setImmediate(resolve))
  }
  await feed.idle()
  assert.ok(times.length >= 2)
  for (let at = 1; at < times.length; at++) assert.ok((times[at] ?? 0) - (times[at - 1] ?? 0) >= 8)
})

test('a document is dealt with before the next one is begun', async () => {
  const order: string[] = []
  const feed = new Feed(async (text) => {
    order.push(`begin ${text}`)
    if (text === '1') feed.offer('2')
    await new Promise((resolve) => setImmediate(resolve))
    order.push(`end ${text}`)
  }, noMistake)
  feed.offer('1')
  await feed.idle()
  assert.deepEqual(order, ['begin 1', 'end 1', 'begin 2', 'end 2'])
})

test('a document that makes taking it throw is told, and the next one is taken', async () => {
  const mistakes: unknown[] = []
  const taken: string[] = []
  const feed = new Feed(
    async (text) => {
      if (text === '1') throw new Error('ours')
      taken.push(text)
    },
    (thrown) => mistakes.push(thrown),
  )
  feed.offer('1')
  await feed.idle()
  feed.offer('2')
  await feed.idle()
  assert.equal(mistakes.length, 1)
  assert.deepEqual(taken, ['2'])
})
