import assert from 'node:assert/strict'
import { test } from 'node:test'
import { backgroundClock, systemClock } from './clock.ts'

for (const [name, clock] of Object.entries({ systemClock, backgroundClock })) {
  test(`${name}: a delay that is longer than any timer of the platform is not over at once`, async (t) => {
    let rang = false
    t.after(
      clock.after(2 ** 31, () => {
        rang = true
      }),
    )
    await new Promise<void>((resolve) => systemClock.after(20, resolve))
    assert.equal(rang, false)
  })
}
