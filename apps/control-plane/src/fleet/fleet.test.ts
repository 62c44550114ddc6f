import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Ack } from '@vrata/model'
import { Fleet, type FleetClock } from './fleet.ts'
import type { Goal } from './proxy-record.ts'

/** Time that stands still until it is told to go on. */
class Clock implements FleetClock {
  ms = 0
  monotonic = () => this.ms
  now = () => new Date(this.ms)
}

const goal = (n: number): Goal => ({ snapshotId: `s-${n}`, hash: `h-${n}`, seq: n })
const identity = (bootId = 'b1') => ({ id: 'p', bootId, version: '1', labels: {} })
const ack = (seq: number, result: Ack['result'], more: Partial<Ack> = {}): Ack => ({
  proxyId: 'p',
  bootId: 'b1',
  seq,
  snapshotId: `s-${seq}`,
  hash: `h-${seq}`,
  result,
  ...more,
})

function setUp() {
  const clock = new Clock()
  const fleet = new Fleet({ heartbeatTimeout: 45_000, node: 'local', clock })
  return { clock, fleet, state: () => fleet.proxy('p')?.state }
}

test('what was sent is being applied for ten seconds, then stale, until it is acknowledged', () => {
  const { clock, fleet, state } = setUp()
  fleet.aim(goal(1))
  fleet.opened(identity(), 'a', undefined).sent(goal(1))
  clock.ms = 9_999
  assert.equal(state(), 'applying')
  clock.ms = 10_000
  assert.equal(state(), 'stale')
  fleet.report(ack(1, 'ok'), 'a')
  assert.equal(state(), 'inSync')
  clock.ms = 20_000
  fleet.aim(goal(2))
  assert.equal(state(), 'stale', 'a stream that is behind has not been sent it')
})

test('with nothing active everybody is in sync', () => {
  const { fleet, state } = setUp()
  fleet.opened(identity(), 'a', undefined)
  assert.equal(state(), 'inSync')
})

test('a proxy that comes back with the wanted document is in sync', () => {
  const { fleet, state } = setUp()
  fleet.aim(goal(1))
  const stream = fleet.opened(identity(), 'a', 'h-1')
  stream.sent(goal(1))
  assert.equal(state(), 'inSync')
  assert.equal(stream.inSync(), true)
})

test('degraded counts as an error although it runs', () => {
  const { fleet, state } = setUp()
  fleet.aim(goal(1))
  fleet.opened(identity(), 'a', undefined).sent(goal(1))
  fleet.report(ack(1, 'degraded'), 'a')
  assert.equal(state(), 'error')
  assert.equal(fleet.proxy('p')?.snapshotId, 's-1')
})

test('rolling back to what a proxy still runs is in sync at once', () => {
  const { fleet, state } = setUp()
  fleet.aim(goal(1))
  fleet.opened(identity(), 'a', undefined).sent(goal(1))
  fleet.report(ack(1, 'ok'), 'a')
  fleet.aim(goal(2))
  fleet.report(ack(2, 'error', { running: { snapshotId: 's-1', hash: 'h-1' } }), 'a')
  assert.equal(state(), 'error')
  fleet.aim({ ...goal(1), seq: 3 })
  assert.equal(state(), 'inSync')
})

test('of one process the newest report counts, of a new process the first', () => {
  const { fleet } = setUp()
  fleet.aim(goal(2))
  assert.equal(fleet.report(ack(2, 'ok'), 'a'), true)
  assert.equal(fleet.report(ack(1, 'error'), 'a'), false)
  assert.equal(fleet.proxy('p')?.lastAck?.result, 'ok')
  assert.equal(fleet.report(ack(2, 'error'), 'a'), true, 'the same number again: it tried again')
  assert.equal(fleet.report(ack(1, 'ok', { bootId: 'b2' }), 'a'), true)
  assert.equal(fleet.proxy('p')?.lastAck?.result, 'ok')
})

test('a new process has no past', () => {
  const { fleet, state } = setUp()
  fleet.aim(goal(1))
  fleet.opened(identity('b1'), 'a', undefined).closed()
  fleet.report(ack(1, 'error'), 'a')
  fleet.opened(identity('b2'), 'a', undefined).sent(goal(1))
  assert.equal(state(), 'applying')
  assert.equal(fleet.proxy('p')?.lastAck, null)
})

test('without stream and heartbeat a proxy is lost, then forgotten', () => {
  const { clock, fleet, state } = setUp()
  const stream = fleet.opened(identity(), 'a', undefined)
  clock.ms = 100_000
  assert.equal(state(), 'inSync', 'the stream is open')
  stream.closed()
  clock.ms = 145_000
  assert.equal(state(), 'inSync')
  clock.ms = 145_001
  assert.equal(state(), 'lost')
  fleet.beat({ proxyId: 'p', bootId: 'b1' }, 'a')
  assert.equal(state(), 'inSync')
  clock.ms = 145_001 + 45_000 + 3_600_000
  assert.equal(state(), 'lost')
  clock.ms += 1
  assert.equal(state(), undefined)
})

test('an old stream that closes late does not take the new one away', () => {
  const { clock, fleet, state } = setUp()
  const old = fleet.opened(identity(), 'a', undefined)
  fleet.opened(identity(), 'b', undefined)
  old.closed()
  clock.ms = 1_000_000
  assert.notEqual(state(), 'lost')
  assert.equal(fleet.proxy('p')?.remote, 'b')
})

test('reports under ever new names do not make it grow without end', () => {
  const { clock, fleet } = setUp()
  fleet.opened(identity(), 'a', undefined)
  for (let n = 0; n < 10_050; n++) {
    clock.ms = n
    fleet.report(ack(1, 'ok', { proxyId: `x${n}` }), 'a')
  }
  assert.equal(fleet.document().proxies.length, 10_000)
  assert.ok(fleet.proxy('p'), 'who is connected stays')
  assert.equal(fleet.proxy('x0'), undefined)
})

test('of a long list of problems the first ones are kept, and that there were more', () => {
  const { fleet } = setUp()
  const problem = {
    entity: { kind: 'route', id: 'r' },
    pointer: '',
    message: 'x'.repeat(900),
    severity: 'error',
  } as const
  fleet.report(ack(1, 'error', { problems: Array.from({ length: 500 }, () => problem) }), 'a')
  const kept = fleet.proxy('p')?.lastAck
  assert.deepEqual(kept?.problems[0], problem)
  assert.equal(kept?.truncated, true)
  assert.ok(JSON.stringify(kept).length < 10_000)
  fleet.report(ack(1, 'error', { problems: [problem] }), 'a')
  const whole = fleet.proxy('p')?.lastAck
  assert.deepEqual(whole?.problems, [problem])
  assert.equal(whole?.truncated, undefined)
})
