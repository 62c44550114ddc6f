import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { withoutNulls } from './without-nulls.ts'

describe('withoutNulls', () => {
  const rows: readonly (readonly [unknown, unknown])[] = [
    [{ a: null, b: 1 }, { b: 1 }],
    [{ a: { b: null } }, { a: {} }],
    [
      [null, { a: null }],
      [null, {}],
    ],
    [null, null],
    ['x', 'x'],
    [{ a: [{ b: [{ c: null, d: 0 }] }] }, { a: [{ b: [{ d: 0 }] }] }],
  ]
  for (const [value, expected] of rows)
    test(`${JSON.stringify(value)} becomes ${JSON.stringify(expected)}`, () =>
      assert.deepEqual(withoutNulls(value), expected))

  test('what has no null members is returned as it is', () => {
    const value = { a: [1, { b: 'x' }], c: {} }
    assert.equal(withoutNulls(value), value)
  })

  test('no object of the result has a null member, and the input is not changed', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const before = JSON.stringify(value)
        const cleaned = JSON.stringify(withoutNulls(value))
        assert.doesNotMatch(cleaned, /":null/)
        assert.equal(JSON.stringify(value), before)
        if (!/":null/.test(before)) assert.equal(cleaned, before)
      }),
    )
  })
})
