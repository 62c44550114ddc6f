import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mixedLoad } from './mixed-load.ts'
import { slowBodies } from './slow-bodies.ts'

const megabyte = 1024 * 1024
const gigabyte = 1024 * megabyte

for (const direction of ['down', 'up'] as const) {
  test(`bodies of 1 GB that are read slowly cost less than 1 MB each, on the way ${direction}`, async (t) => {
    const report = await slowBodies(t, { direction, connections: 128, size: gigabyte, slowFor: 30_000, whole: 2 })
    const { idle, peak, perConnection, arrivedSlowly, wholeBodies } = report
    t.diagnostic(
      `idle ${inMb(idle)} MB, peak ${inMb(peak)} MB, ${inMb(perConnection)} MB for each of 128 connections; ` +
        `${inMb(arrivedSlowly)} MB arrived in 30 s of slowness, ${wholeBodies.length} bodies went on to their end`,
    )
    assert.deepEqual(wholeBodies, [gigabyte, gigabyte])
    assert.ok(perConnection < megabyte, `${inMb(perConnection)} MB for each connection`)
  })
}

test('five minutes of mixed load: every answer is right, and memory does not grow', async (t) => {
  const { done, failures, megabytes, early, late, growth } = await mixedLoad(t, {
    seconds: 300,
    clients: 32,
    pause: 10,
  })
  for (const [name, count] of Object.entries(done)) t.diagnostic(`${count} x ${name}`)
  t.diagnostic(
    `memory at first ${megabytes[0]?.toFixed(1)} MB, in the second quarter ${early.toFixed(1)} MB, in the last ` +
      `${late.toFixed(1)} MB: ${(growth * 100).toFixed(1)} %`,
  )
  assert.deepEqual(failures, [])
  assert.ok(growth < 0.1, `memory has grown by ${(growth * 100).toFixed(1)} %`)
})

function inMb(bytes: number): string {
  return (bytes / megabyte).toFixed(2)
}
