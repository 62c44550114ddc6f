import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { endpointId } from '@vrata/balancers'
import { fakeClock } from '@vrata/testkit'
import { recordingLogger } from '../testing/in-process.ts'
import { DnsEndpoints } from './dns-endpoints.ts'
import type { Resolved } from './name-resolver.ts'

interface World {
  readonly source: DnsEndpoints
  /** What `current` is, in short. */
  readonly now: () => string
  /** Times of all questions, in milliseconds. */
  readonly asked: readonly number[]
  /** What the next questions are answered with; `undefined` = nothing ever comes. */
  answer: Resolved | Error | undefined
  readonly pass: (milliseconds: number) => Promise<void>
  readonly told: () => string[]
  readonly waiting: () => number
}

function world(first: World['answer'], refresh?: number, random = 0.5): World {
  const clock = fakeClock()
  const asked: number[] = []
  const { log, lines } = recordingLogger()
  const settings = { answer: first }
  const resolver = {
    resolve: async () => {
      asked.push(clock.now())
      const { answer } = settings
      if (answer === undefined) return await new Promise<never>(() => undefined)
      if (answer instanceof Error) throw answer
      return answer
    },
  }
  const source = new DnsEndpoints(
    { host: 'www.shop.test', port: 80, refresh },
    { resolver, clock, log, random: () => random },
  )
  return Object.assign(settings, {
    source,
    asked,
    now: () => {
      const { current } = source
      return current.state === 'known' ? current.addresses.map(endpointId).join(' ') : current.state
    },
    pass: async (milliseconds: number) => {
      for (let left = milliseconds; left > 0; left -= 100) {
        clock.advance(Math.min(100, left))
        await turn()
      }
    },
    told: () => lines.filter(({ level }) => level !== 'debug').map(({ msg }) => String(msg)),
    waiting: () => clock.waiting,
  })
}

const good = (ttl: number | undefined, ...addresses: string[]): Resolved => ({ addresses, ttl })
const bad = (code: string) => Object.assign(new Error(code), { code })

test('each address is an endpoint as soon as the first answer is there', async () => {
  const { source, now } = world(good(60_000, '127.0.0.1', '127.0.0.2', 'fe80::1'))
  assert.equal(now(), 'pending')
  let changes = 0
  source.watch(() => changes++)
  await turn()
  assert.equal(now(), '127.0.0.1:80 127.0.0.2:80 [fe80::1]:80')
  assert.equal(changes, 1)
})

test('both loopback addresses are one machine, dialled by name', async () => {
  const { now } = world(good(undefined, '127.0.0.1', '::1'))
  await turn()
  assert.equal(now(), 'www.shop.test:80')
})

const waits: readonly (readonly [string, number | undefined, number | undefined, number, number])[] = [
  ['as long as the answer is good', 10_000, undefined, 0.5, 10_000],
  ['at least a second', 0, undefined, 0, 1_000],
  ['at most half a minute', 3_600_000, undefined, 1, 30_000],
  ['five seconds when the answer does not say', undefined, undefined, 0.5, 5_000],
  ['as configured, whatever the answer says', 10_000, 2_000, 0.5, 2_000],
  ['spread downwards', 10_000, undefined, 0, 9_000],
  ['spread upwards', 10_000, undefined, 1, 11_000],
]
for (const [what, ttl, refresh, random, expected] of waits) {
  test(`the name is asked for again: ${what}`, async () => {
    const { asked, pass } = world(good(ttl, '127.0.0.1'), refresh, random)
    await turn() // the first answer
    await pass(expected + 100)
    assert.deepEqual(asked.slice(0, 2), [0, expected])
  })
}

test('only another set of addresses is a change', async () => {
  const set = world(good(1_000, '127.0.0.1', '127.0.0.2'))
  let changes = 0
  await turn()
  const end = set.source.watch(() => changes++)
  await set.pass(5_000)
  assert.equal(changes, 0)
  set.answer = good(1_000, '127.0.0.2', '127.0.0.3')
  await set.pass(2_000)
  assert.equal(set.now(), '127.0.0.2:80 127.0.0.3:80')
  assert.equal(changes, 1)
  end()
  set.answer = good(1_000, '127.0.0.4')
  await set.pass(2_000)
  assert.equal(changes, 1)
})

test('what was good stays while nobody answers, and one line tells of it', async () => {
  const set = world(good(1_000, '127.0.0.1'))
  await turn()
  set.answer = bad('ESERVFAIL')
  await set.pass(20_000)
  assert.equal(set.now(), '127.0.0.1:80')
  set.answer = bad('ENOTFOUND')
  await set.pass(60_000)
  assert.equal(set.now(), '127.0.0.1:80')
  set.answer = good(1_000, '127.0.0.2')
  await set.pass(31_000)
  assert.equal(set.now(), '127.0.0.2:80')
  assert.deepEqual(set.told(), ['name cannot be resolved', 'name is resolved again'])
})

test('a name that cannot be resolved is asked for less and less often, and known as soon as it can', async () => {
  const set = world(bad('ENOTFOUND'))
  await turn()
  assert.equal(set.now(), 'unknown')
  await set.pass(100_000)
  const pauses = set.asked.slice(1).map((time, at) => time - (set.asked[at] ?? 0))
  // Steps of 100 ms: the pauses are spread around 1, 2, 4, 8, 16 and 30 s.
  assert.deepEqual(
    pauses.slice(0, 6).map((pause) => Math.round(pause / 1_000)),
    [1, 2, 4, 8, 16, 29],
  )
  set.answer = good(1_000, '127.0.0.1')
  await set.pass(31_000)
  assert.equal(set.now(), '127.0.0.1:80')
})

test('a question that hangs counts as failed, and is not asked a second time beside the first', async () => {
  const set = world(undefined)
  await set.pass(4_900)
  assert.equal(set.now(), 'pending')
  await set.pass(200)
  assert.equal(set.now(), 'unknown')
  await set.pass(60_000)
  assert.equal(set.asked.length, 1)
})

test('what was closed asks no more and keeps no timer', async () => {
  const set = world(good(1_000, '127.0.0.1'))
  await turn()
  set.source[Symbol.dispose]()
  await set.pass(5_000)
  assert.deepEqual([set.asked.length, set.waiting()], [1, 0])

  const early = world(good(1_000, '127.0.0.1'))
  early.source[Symbol.dispose]()
  await early.pass(5_000)
  assert.deepEqual([early.asked.length, early.waiting()], [1, 0])
})
