import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { type FakeClock, fakeClock } from '@vrata/testkit'
import { recordingLogger } from '../testing/in-process.ts'
import { GuardedStore } from './guarded-store.ts'
import { type BackendEvents, type SessionBackend, WriteRefused } from './session-backend.ts'
import { type Pin, unanswered } from './session-store.ts'

type Mood = 'answers' | 'silent' | 'fails' | 'refuses writes'

/** A backend whose mood the test sets. */
class MoodyBackend implements SessionBackend {
  events: BackendEvents | undefined = undefined
  mood: Mood = 'answers'
  readonly asked: string[] = []
  reconnects = 0
  readonly #silent: PromiseWithResolvers<void>[] = []

  open(): void {
    this.asked.push('open')
  }
  reconnect(): void {
    this.reconnects++
  }
  async read(key: string): Promise<Pin | undefined> {
    await this.#answer('read')
    return { target: `target of ${key}`, left: 1 }
  }
  async claim(_key: string, target: string): Promise<string> {
    await this.#answer('claim')
    return target
  }
  move(): Promise<void> {
    return this.#answer('move')
  }
  extend(): Promise<void> {
    return this.#answer('extend')
  }
  probe(): Promise<void> {
    return this.#answer('probe')
  }
  /** Answers everything that was left without an answer. */
  speak(): void {
    for (const one of this.#silent.splice(0)) one.resolve()
  }

  async #answer(what: string): Promise<void> {
    this.asked.push(what)
    if (this.mood === 'fails') throw new Error('LOADING Redis is loading')
    if (this.mood === 'refuses writes' && what !== 'read') throw new WriteRefused('READONLY')
    if (this.mood !== 'silent') return
    const later = Promise.withResolvers<void>()
    this.#silent.push(later)
    await later.promise
  }

  [Symbol.dispose](): void {
    this.asked.push('dispose')
  }
}

interface Set {
  readonly store: GuardedStore
  readonly backend: MoodyBackend
  readonly clock: FakeClock
  /** State changes as they were logged. */
  readonly told: () => string[]
  /** Lets time pass step by step, so that answers are heard between. */
  readonly pass: (milliseconds: number) => Promise<void>
}

function made(): Set {
  const backend = new MoodyBackend()
  const clock = fakeClock()
  const { log, lines } = recordingLogger()
  const store = new GuardedStore({ backend, patience: 50, clock, log })
  const pass = async (milliseconds: number): Promise<void> => {
    for (let left = milliseconds; left > 0; left -= 10) {
      clock.advance(Math.min(10, left))
      await turn()
    }
  }
  const told = () => lines.map(({ msg, reason }) => `${String(msg)}${reason === undefined ? '' : ` (${reason})`}`)
  return { store, backend, clock, told, pass }
}

async function connected(set: Set): Promise<void> {
  set.backend.events?.onConnected()
  await turn()
}

const up = 'session store is up'
const down = (reason: string) => `session store is down: choices are made by hash (${reason})`
const readOnly = 'session store takes no writes: new clients are not pinned (READONLY)'

test('nobody asks before the first probe has been answered', async () => {
  const set = made()
  const opened = set.store.open(1_000)
  assert.deepEqual([set.store.state, set.store.readable, set.store.writable], ['starting', false, false])
  await connected(set)
  await opened
  assert.deepEqual([set.store.state, set.store.readable, set.store.writable], ['up', true, true])
  assert.deepEqual(set.told(), [up])
  assert.equal(set.clock.waiting, 0, 'no timer runs while all is well')
})

test('opening ends when the store is away, and after its limit when nothing is known', async () => {
  const away = made()
  const refused = away.store.open(1_000)
  away.backend.events?.onLost('ECONNREFUSED')
  await refused
  assert.equal(away.store.state, 'down')
  assert.deepEqual(away.told(), [down('ECONNREFUSED')])

  const dumb = made()
  let ended = false
  const limited = dumb.store.open(1_000).then(() => {
    ended = true
  })
  await dumb.pass(990)
  assert.equal(ended, false)
  await dumb.pass(10)
  await limited
  assert.deepEqual([dumb.store.state, dumb.told()], ['starting', []])
})

test('a question waits as long as it may and no longer', async () => {
  const set = made()
  await connected(set)
  assert.deepEqual(await set.store.read('k', 50), { target: 'target of k', left: 1 })
  assert.equal(await set.store.claim('k', 'a', 1, 50), 'a')
  set.backend.mood = 'silent'
  let answer: unknown
  void set.store.read('k', 30).then((found) => {
    answer = found
  })
  await set.pass(29)
  assert.equal(answer, undefined)
  await set.pass(1)
  assert.equal(answer, unanswered)
  assert.equal(set.store.state, 'up', 'one slow answer is no reason to stop asking')
})

test('after five failures in a row nobody asks, until a probe is answered in time', async () => {
  const set = made()
  await connected(set)
  await set.pass(40_000) // a steady time
  set.backend.mood = 'fails'
  for (let failure = 1; failure <= 4; failure++) assert.equal(await set.store.read('k', 50), unanswered)
  set.backend.mood = 'answers'
  await set.store.read('k', 50) // the count begins anew
  set.backend.mood = 'fails'
  for (let failure = 1; failure <= 4; failure++) await set.store.read('k', 50)
  assert.equal(set.store.readable, true)
  await set.store.read('k', 50)
  assert.equal(set.store.readable, false)
  assert.deepEqual(set.told(), [up, down('LOADING')])

  await set.pass(2_500) // a probe at once, then one each second
  assert.equal(set.backend.asked.filter((what) => what === 'probe').length, 1 + 3)
  set.backend.mood = 'silent'
  await set.pass(1_000)
  set.backend.speak() // an answer, but far too late
  await set.pass(100)
  assert.equal(set.store.state, 'down')
  set.backend.mood = 'answers'
  await set.pass(1_000)
  assert.equal(set.store.state, 'up')
  assert.deepEqual(set.told(), [up, down('LOADING'), up])
  assert.equal(set.clock.waiting, 0)
})

test('a store that keeps failing is probed less and less often, at least each half minute', async () => {
  const set = made()
  await connected(set)
  const pauses: number[] = []
  for (let round = 0; round < 7; round++) {
    set.backend.mood = 'fails'
    for (let failure = 0; failure < 5; failure++) await set.store.read('k', 50)
    set.backend.mood = 'answers'
    const begun = set.clock.now()
    while (set.store.state === 'down') await set.pass(100)
    pauses.push(set.clock.now() - begun)
  }
  assert.deepEqual(pauses, [2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
})

test('a lost connection ends the asking at once, and a new one brings the store back without a pause', async () => {
  const set = made()
  await connected(set)
  set.backend.events?.onLost('ECONNRESET')
  assert.equal(set.store.readable, false)
  set.backend.events?.onLost('ECONNREFUSED')
  await set.pass(10_000)
  assert.equal(set.backend.asked.filter((what) => what === 'probe').length, 1, 'no probe without a connection')
  await connected(set)
  assert.equal(set.store.state, 'up')
  assert.deepEqual(set.told(), [up, down('ECONNRESET'), up], 'one line per change')
})

test('a store that takes no writes is still read, and is up again when a probe says so', async () => {
  const set = made()
  await connected(set)
  set.backend.mood = 'refuses writes'
  assert.equal(await set.store.claim('k', 'a', 1, 50), unanswered)
  assert.deepEqual([set.store.state, set.store.readable, set.store.writable], ['readOnly', true, false])
  assert.deepEqual(await set.store.read('k', 50), { target: 'target of k', left: 1 })
  const before = set.backend.asked.length
  set.store.extend('k', 1)
  assert.equal(set.backend.asked.length, before, 'no write is tried')
  await set.pass(5_000)
  assert.equal(set.store.state, 'readOnly')
  set.backend.mood = 'answers'
  await set.pass(2_000)
  assert.deepEqual(set.told(), [up, readOnly, up])
})

test('a connection that swallows probes is given up', async () => {
  const set = made()
  await connected(set)
  await set.pass(40_000)
  set.backend.mood = 'silent'
  for (let failure = 0; failure < 5; failure++) void set.store.read('k', 50)
  await set.pass(60)
  assert.equal(set.store.state, 'down')
  await set.pass(4_000)
  assert.equal(set.backend.reconnects, 0)
  await set.pass(2_000)
  assert.ok(set.backend.reconnects >= 1)
  assert.equal(set.backend.asked.filter((what) => what === 'probe').length, 2, 'questions do not pile up')
})

test('a store that connects but does not answer is down', async () => {
  const set = made()
  set.backend.mood = 'silent'
  await connected(set)
  await set.pass(60)
  assert.deepEqual([set.store.state, set.told()], ['down', [down('no answer in time')]])
})

test('what was closed keeps no timer and says nothing', async () => {
  const set = made()
  await connected(set)
  set.backend.mood = 'silent'
  for (let question = 0; question < 6; question++) void set.store.read('k', 50)
  set.store[Symbol.dispose]()
  await set.pass(100)
  assert.deepEqual([set.clock.waiting, set.told(), set.backend.asked.at(-1)], [0, [up], 'dispose'])
})
