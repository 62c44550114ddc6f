import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { cookieValue } from './cookie-value.ts'

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
