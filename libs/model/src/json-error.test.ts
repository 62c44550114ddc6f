import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { jsonErrorAt } from './json-error.ts'

function parses(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

describe('jsonErrorAt', () => {
  test('finds an error exactly where JSON.parse refuses', () => {
    const token = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"',
      '\\',
      '1',
      '-',
      '0',
      '.5',
      'e1',
      'true',
      'nul',
      ' ',
      '\n',
      '\u0001',
      '\u00a0',
      'x',
    )
    fc.assert(
      fc.property(fc.array(token, { maxLength: 12 }), (tokens) => {
        const text = tokens.join('')
        assert.equal(jsonErrorAt(text) === undefined, parses(text))
      }),
      { numRuns: 3000 },
    )
    fc.assert(fc.property(fc.json(), (text) => assert.equal(jsonErrorAt(text), undefined)))
    fc.assert(fc.property(fc.string(), (text) => assert.equal(jsonErrorAt(text) === undefined, parses(text))))
  })

  test('what stands before the place is JSON or the beginning of it', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), fc.constantFrom('x', '}', ',', '"', '0'), (text, cut, noise) => {
        const at = cut % text.length
        const found = jsonErrorAt(text.slice(0, at) + noise + text.slice(at))
        if (found === undefined) return
        const before = (text.slice(0, at) + noise + text.slice(at)).slice(0, found)
        assert.ok([undefined, before.length].includes(jsonErrorAt(before)))
      }),
    )
  })

  const rows: readonly (readonly [string, number])[] = [
    ['', 0],
    ['{"a":1,}', 7],
    ['[1,]', 3],
    ['[1 2]', 3],
    ['{"a" 1}', 5],
    ['{a:1}', 1],
    ['01', 1],
    ['"a\nb"', 2],
    ['"\\x"', 1],
    ['"abc', 4],
    ['{}x', 2],
    ['[tru]', 1],
  ]
  for (const [text, at] of rows)
    test(`${JSON.stringify(text)} goes wrong at ${at}`, () => assert.equal(jsonErrorAt(text), at))
})
