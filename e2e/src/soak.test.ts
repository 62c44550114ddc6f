import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mixedLoad } from '../soak/mixed-load.ts'
import { slowBodies } from '../soak/slow-bodies.ts'

const megabyte = 1024 * 1024
/** So many that the noise of a garbage-collected heap is small for each. */
const connections = 128

for (const direction of ['down', 'up'] as const) {
  test(`bodies of 64 MB that are read slowly cost less than 1 MB each, on the way ${direction}`, async (t) => {
    const size = 64 * megabyte
    const report = await slowBodies(t, { direction, connections, size, slowFor: 1000, whole: 2 })
    assert.deepEqual(report.wholeBodies, [size, size])
    assert.ok(report.arrivedSlowly > 0 && report.arrivedSlowly < (connections * size) / 2, 'it was slow')
    assert.ok(report.perConnection < megabyte, `${report.perConnection / megabyte} MB for each connection`)
    t.diagnostic(`${(report.perConnection / megabyte).toFixed(2)} MB for each connection`)
  })
}

test('a short mixed load: every answer is right, and all connections are let go', async (t) => {
  const { done, failures } = await mixedLoad(t, { seconds: 2, clients: 16, pause: 5 })
  assert.deepEqual(failures, [])
  for (const [name, count] of Object.entries(done)) assert.ok(count > 10, `${name}: ${count}`)
})
