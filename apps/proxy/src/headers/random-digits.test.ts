import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomDigits } from './random-digits.ts'
import { newTraceparent } from './traceparent.ts'

test('random digits are as many as asked for, and do not come again', () => {
  const seen = new Set<string>()
  for (let round = 0; round < 20_000; round++) {
    const digits = randomDigits(round % 2 === 0 ? 32 : 16)
    assert.match(digits, round % 2 === 0 ? /^[\da-f]{32}$/ : /^[\da-f]{16}$/)
    seen.add(digits)
  }
  assert.equal(seen.size, 20_000)
})

test('a new trace is well formed; a received one is kept, unless it is malformed', () => {
  const made = newTraceparent(undefined)
  assert.match(made, /^00-[\da-f]{32}-[\da-f]{16}-01$/)
  assert.equal(newTraceparent(made), made)
  assert.notEqual(newTraceparent('00-0-0-01'), '00-0-0-01')
})
