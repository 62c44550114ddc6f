import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Turnstile } from './turnstile.ts'

test('so many jobs run at one time, the others in the order in which they came, also when some fail', async () => {
  const turnstile = new Turnstile(2)
  const begun: number[] = []
  const gates = Array.from({ length: 5 }, () => Promise.withResolvers<number>())
  const results = gates.map((gate, at) =>
    turnstile.pass(() => {
      begun.push(at)
      return gate.promise
    }),
  )
  await turn()
  assert.deepEqual(begun, [0, 1])
  gates[1]?.resolve(1)
  await turn()
  assert.deepEqual(begun, [0, 1, 2])
  gates[2]?.reject(new Error('failed'))
  await assert.rejects(results[2] ?? Promise.resolve(), /failed/)
  await turn()
  assert.deepEqual(begun, [0, 1, 2, 3])
  for (const [at, gate] of gates.entries()) gate.resolve(at)
  await Promise.allSettled(results)
  assert.deepEqual(begun, [0, 1, 2, 3, 4])
  assert.equal(await turnstile.pass(async () => 'more'), 'more')
})
