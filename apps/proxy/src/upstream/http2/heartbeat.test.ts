import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeClock } from '@vrata/testkit'
import fc from 'fast-check'
import { TimerWheel } from '../../timer-wheel.ts'
import { Heartbeat, type Pinged } from './heartbeat.ts'

const seconds = 1_000
const minutes = 60 * seconds

/** A connection that notes when it is asked, and replies if it lives. */
class Peer implements Pinged {
  destroyed = false
  readonly connecting = false
  lives = true
  readonly asked: number[] = []
  /** What was asked, and what came of answers, in this order. */
  readonly events: { readonly at: number; readonly asked: boolean }[] = []
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  ping(onReply: () => void): boolean {
    this.asked.push(this.#now())
    this.events.push({ at: this.#now(), asked: true })
    if (this.lives) onReply()
    return true
  }

  answer(): void {
    this.events.push({ at: this.#now(), asked: false })
  }

  destroy(): void {
    this.destroyed = true
  }
}

function setUp() {
  const clock = fakeClock()
  const peer = new Peer(() => clock.now())
  return { clock, peer, heartbeat: new Heartbeat(peer, new TimerWheel(clock)) }
}

test('a connection is asked when its open streams are silent, not when they hear something', () => {
  const { clock, peer, heartbeat } = setUp()
  clock.advance(minutes)
  heartbeat.start()
  for (let times = 0; times < 20; times++) {
    heartbeat.heard = true
    clock.advance(10 * seconds)
  }
  assert.equal(peer.asked.length, 0)
  clock.advance(minutes)
  assert.ok(peer.asked.length > 0)
  heartbeat.stop()
  const { length } = peer.asked
  clock.advance(60 * minutes)
  assert.equal(peer.asked.length, length, 'nobody waits any more')
})

test('a connection that does not reply is given up', () => {
  const { clock, peer, heartbeat } = setUp()
  peer.lives = false
  heartbeat.start()
  clock.advance(46 * seconds)
  assert.ok(peer.destroyed)
  assert.ok(heartbeat.missed)
})

test('a connection whose requests are given up one by one is asked at once, and not forgotten between them', () => {
  const { clock, peer, heartbeat } = setUp()
  peer.lives = false
  for (let times = 0; times < 3 && !peer.destroyed; times++) {
    heartbeat.start()
    clock.advance(10 * seconds)
    heartbeat.suspect()
    heartbeat.stop()
    clock.advance(seconds)
  }
  assert.ok(peer.destroyed)
})

test('a silent stream goes on for an hour without too many questions for a server of gRPC', () => {
  const { clock, peer, heartbeat } = setUp()
  heartbeat.start()
  clock.advance(60 * minutes)
  assert.ok(peer.asked.length >= 10, 'it is asked again and again')
  assert.ok(strikes(peer.events) <= 2)
})

/** How often, at most, servers of gRPC find that a question came too soon, counted from one answer of theirs to the next. */
function strikes(events: Peer['events']): number {
  let last = -Infinity
  let count = 0
  let most = 0
  for (const { at, asked } of events) {
    if (!asked) {
      count = 0
      continue
    }
    if (at - last < 5 * minutes) count++
    last = at
    most = Math.max(most, count)
  }
  return most
}

test('whatever happens, a server of gRPC never counts more than two questions that came too soon', () => {
  const step = fc.oneof(
    fc.constantFrom('start', 'stop', 'suspect', 'heard'),
    fc.integer({ min: 1, max: 400 }).map((wait) => wait * seconds),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { clock, peer, heartbeat } = setUp()
      for (const one of steps) {
        if (typeof one === 'number') clock.advance(one)
        else if (one === 'heard') {
          heartbeat.heard = true
          peer.answer()
        } else heartbeat[one]()
      }
      assert.ok(strikes(peer.events) <= 2)
    }),
    {
      examples: [
        [['suspect', 'suspect', 'suspect', 'start', 30_000]],
        [['start', 60_000, 'stop', 'suspect', 'start', 13_000, 17_000]],
      ],
    },
  )
})
