import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type FakeClock, fakeClock } from '@vrata/testkit'
import fc from 'fast-check'
import { Timer, type TimerOwner, TimerWheel } from './timer-wheel.ts'

/** How late a timer may be, in milliseconds. */
const coarseness = 20

/** An owner that notes when it was told. */
class Witness implements TimerOwner {
  readonly timer = new Timer(this)
  readonly heard: number[] = []
  readonly #clock: FakeClock
  readonly #then: () => void

  constructor(clock: FakeClock, then: () => void = () => undefined) {
    this.#clock = clock
    this.#then = then
  }

  onTimer(timer: Timer): void {
    assert.equal(timer, this.timer)
    this.heard.push(this.#clock.now())
    this.#then()
  }
}

function setUp(start = 0) {
  const clock = fakeClock(start)
  return { clock, wheel: new TimerWheel(clock) }
}

for (const delay of [0, 1, 19, 20, 21, 1_000, 10_239, 10_240, 10_241, 90_000, 3_600_000]) {
  test(`a timer of ${delay} ms is over once, not early, and hardly late`, () => {
    const { clock, wheel } = setUp(1_234.5)
    const witness = new Witness(clock)
    wheel.arm(witness.timer, delay)
    assert.ok(witness.timer.armed)
    clock.advance(delay + coarseness)
    const [at] = witness.heard
    assert.ok(at !== undefined && at >= 1_234.5 + delay && at <= 1_234.5 + delay + coarseness, `at ${at}`)
    assert.ok(!witness.timer.armed)
    clock.advance(4_000_000)
    assert.equal(witness.heard.length, 1)
  })
}

test('a timer that is disarmed is never over, and the wheel sleeps', () => {
  const { clock, wheel } = setUp()
  const witness = new Witness(clock)
  wheel.arm(witness.timer, 100)
  wheel.disarm(witness.timer)
  wheel.disarm(witness.timer)
  assert.equal(wheel.armed, 0)
  clock.advance(60_000)
  assert.deepEqual(witness.heard, [])
  assert.equal(clock.waiting, 0)
})

test('arming anew moves the time, later or earlier', () => {
  const { clock, wheel } = setUp()
  const later = new Witness(clock)
  const earlier = new Witness(clock)
  wheel.arm(later.timer, 100)
  wheel.arm(earlier.timer, 30_000)
  clock.advance(90)
  wheel.arm(later.timer, 100)
  wheel.arm(earlier.timer, 100)
  clock.advance(90)
  assert.deepEqual([later.heard, earlier.heard], [[], []])
  clock.advance(30)
  assert.deepEqual([later.heard.length, earlier.heard.length], [1, 1])
})

test('the wheel wakes for a timer that is due before the one it sleeps for, and again for that one', () => {
  const { clock, wheel } = setUp()
  const far = new Witness(clock)
  const near = new Witness(clock)
  wheel.arm(far.timer, 5_000)
  wheel.arm(near.timer, 50)
  clock.advance(70)
  assert.equal(near.heard.length, 1)
  clock.advance(5_000)
  assert.equal(far.heard.length, 1)
  assert.equal(clock.waiting, 0)
})

test('an owner may disarm one whose time is over too, and arm itself again', () => {
  const { clock, wheel } = setUp()
  const witnesses: Witness[] = []
  const disarmOthers = (self: number) => () => {
    for (const [at, { timer }] of witnesses.entries()) if (at !== self) wheel.disarm(timer)
  }
  for (let at = 0; at < 3; at++) witnesses.push(new Witness(clock, disarmOthers(at)))
  for (const { timer } of witnesses) wheel.arm(timer, 10)
  clock.advance(100)
  assert.equal(witnesses.flatMap(({ heard }) => heard).length, 1)

  const again: Witness = new Witness(clock, () => again.heard.length < 3 && wheel.arm(again.timer, 50))
  wheel.arm(again.timer, 50)
  clock.advance(1_000)
  assert.equal(again.heard.length, 3)
})

test('an owner may arm a timer whose time is over in the same moment', () => {
  const { clock, wheel } = setUp()
  const rescued = new Witness(clock)
  const rescuer = new Witness(clock, () => wheel.arm(rescued.timer, 500))
  wheel.arm(rescuer.timer, 10)
  wheel.arm(rescued.timer, 10)
  clock.advance(100)
  assert.deepEqual(rescued.heard, [])
  clock.advance(500)
  assert.equal(rescued.heard.length, 1)
})

test('an owner that throws stops neither the others nor the wheel', () => {
  const { clock, wheel } = setUp()
  const quiet = [new Witness(clock), new Witness(clock)]
  const loud = new Witness(clock, () => {
    throw new Error('mistake')
  })
  for (const { timer } of [...quiet, loud]) wheel.arm(timer, 10)
  assert.throws(() => clock.advance(100), /mistake/)
  const next = new Witness(clock)
  wheel.arm(next.timer, 10)
  clock.advance(100)
  assert.deepEqual(
    [...quiet, next].map(({ heard }) => heard.length),
    [1, 1, 1],
  )
})

test('any sequence of arming, disarming and waiting: each timer is over at its last time and only then', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('arm' as const), which: fc.nat(4), delay: fc.nat(25_000) }),
    fc.record({ kind: fc.constant('disarm' as const), which: fc.nat(4) }),
    fc.record({ kind: fc.constant('wait' as const), time: fc.nat(15_000) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { clock, wheel } = setUp(7)
      const witnesses = Array.from({ length: 5 }, () => new Witness(clock))
      const due: (number | undefined)[] = witnesses.map(() => undefined)
      const check = () => {
        for (const [at, { heard, timer }] of witnesses.entries()) {
          const expected = due[at]
          if (heard.length > 0) {
            assert.ok(expected !== undefined && heard.length === 1)
            assert.ok((heard[0] ?? 0) >= expected && (heard[0] ?? 0) <= expected + coarseness)
            due[at] = undefined
            heard.length = 0
          } else if (expected !== undefined) assert.ok(timer.armed && expected + coarseness >= clock.now())
        }
      }
      for (const one of steps) {
        if (one.kind === 'wait') clock.advance(one.time)
        check()
        if (one.kind === 'wait') continue
        const timer = witnesses[one.which]?.timer
        assert.ok(timer)
        if (one.kind === 'arm') wheel.arm(timer, one.delay)
        else wheel.disarm(timer)
        due[one.which] = one.kind === 'arm' ? clock.now() + one.delay : undefined
      }
      clock.advance(50_000)
      check()
      assert.equal(wheel.armed, 0)
      clock.advance(50_000)
      assert.equal(clock.waiting, 0)
    }),
  )
})
