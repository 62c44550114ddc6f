import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { startUpgradeBackend } from '@vrata/testkit'
import { backgroundClock } from '../../clock.ts'
import type { Failure } from '../../failure/failure.ts'
import { outgoing } from '../../testing/upstream-calls.ts'
import { TimerWheel } from '../../timer-wheel.ts'
import type { Endpoint } from '../dial.ts'
import { openUpgrade, type UpgradeHandler } from './handshake.ts'

const unexpected = () => assert.fail('not expected')

for (const [what, init] of [
  ['a target', { target: '/a b' }],
  ['a host', { host: 'a\r\nb: c' }],
  ['a method', { method: 'GET /' }],
] as const) {
  test(`${what} that would not be HTTP is a failure of an upgrade, and nothing is sent`, async (t) => {
    const backend = await startUpgradeBackend(t)
    const endpoint: Endpoint = {
      dial: {
        host: '127.0.0.1',
        port: backend.port,
        connectTimeout: 0,
        handshakeTimeout: 0,
        dualStackFallback: 0,
        tls: undefined,
      },
      timers: new TimerWheel(backgroundClock),
      session: undefined,
    }
    const client = connect(backend.port, '127.0.0.1')
    t.after(() => client.destroy())
    const { promise, resolve } = Promise.withResolvers<Failure>()
    const handler: UpgradeHandler = {
      onStart: () => undefined,
      onSent: unexpected,
      onInform: unexpected,
      onHead: unexpected,
      onData: unexpected,
      onUploaded: unexpected,
      onEnd: unexpected,
      onFailure: resolve,
      onSwitching: unexpected,
      onSwitched: unexpected,
    }
    const offer = { token: 'raw', socket: client, firstBytes: Buffer.alloc(0), idleLimit: 0, joined: unexpected }
    openUpgrade(endpoint, outgoing(init), offer, handler)
    const failure = await promise
    assert.equal(failure.reason, 'internal_error')
    assert.equal(backend.requests.length, 0)
  })
}
