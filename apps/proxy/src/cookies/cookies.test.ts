import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { cookieValue } from './cookie-value.ts'
import { setCookieLine } from './own-cookie.ts'
import { isSessionId, newSessionId } from './session-id.ts'

const lines: readonly (readonly [string, string | undefined])[] = [
  ['', undefined],
  ['pin=1', '1'],
  ['a=b; pin=1', '1'],
  ['a=b;pin=1;c=d', '1'],
  ['a=b;  \tpin=1 \t; c=d', '1'],
  ['pin=1; pin=2', '1'],
  ['pin=', ''],
  ['pin=; a=b', ''],
  ['pin', undefined],
  ['pin; a=b', undefined],
  ['Pin=1', undefined],
  ['xpin=1', undefined],
  ['pinx=1', undefined],
  ['a=pin=1', undefined],
  ['pin=a=b', 'a=b'],
  ['pin="1"', '1'],
  ['pin="', '"'],
  ['pin=""', ''],
  ['; ;; pin=1', '1'],
  ['a="x; pin=1"', '1"'], // no quoting across a semicolon in this grammar
]
for (const [line, value] of lines) {
  test(`cookie "pin" of ${JSON.stringify(line)} is ${JSON.stringify(value)}`, () => {
    assert.equal(cookieValue(line, 'pin'), value)
  })
}

test('a cookie is found wherever it stands among others', () => {
  const name = fc.stringMatching(/^[a-z_]{1,6}$/)
  const value = fc.stringMatching(/^[!#-+\--:<-[\]-~]{0,12}$/) // cookie-octet
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 8 }), name, (pairs, wanted) => {
      const line = pairs.map(([one, text]) => `${one}=${text}`).join('; ')
      assert.equal(cookieValue(line, wanted), pairs.find(([one]) => one === wanted)?.[1])
    }),
  )
})

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

test('a new session id is 32 hexadecimal digits, another one each time', () => {
  const made = Array.from({ length: 100 }, newSessionId)
  for (const id of made) assert.match(id, /^[0-9a-f]{32}$/)
  assert.equal(new Set(made).size, 100)
})

test('a cookie is set for the whole host, out of reach of scripts and of other sites', () => {
  const cookie = { name: 'pin', value: 'abc', ttl: 3_600_000 }
  assert.equal(setCookieLine(cookie, false), 'pin=abc; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax')
  assert.equal(setCookieLine(cookie, true), 'pin=abc; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax; Secure')
  assert.match(setCookieLine({ ...cookie, ttl: 1_999 }, false), /; Max-Age=1;/)
  assert.match(setCookieLine({ ...cookie, ttl: 1 }, false), /; Max-Age=1;/, 'never 0, which would delete it')
})
