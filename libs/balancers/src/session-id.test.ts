import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isSessionId } from './session-id.ts'

const ids: readonly (readonly [string, boolean])[] = [
  ['0123456789abcdef', true],
  ['0123456789abcde', false],
  ['ABCxyz_-01234567', true],
  ['a'.repeat(64), true],
  ['a'.repeat(65), false],
  ['', false],
  ['0123456789abcdef:route', false],
  ['0123456789abcde ', false],
  ['0123456789abcdeé', false],
  ['0123456789abcdef*', false],
  ['0123456789abcdef\n', false],
]
for (const [id, accepted] of ids) {
  test(`${JSON.stringify(id)} is ${accepted ? '' : 'not '}a session id`, () => assert.equal(isSessionId(id), accepted))
}

test('which texts are session ids is what an expression would say', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 14, maxLength: 66 }), (text) => {
      assert.equal(isSessionId(text), /^[0-9A-Za-z_-]{16,64}$/.test(text) && !text.endsWith('\n'))
    }),
  )
})
