import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { compileRegex, literalPrefix, quoteRegex, RegexError } from './index.ts'
import { literalShape } from './literal.ts'

describe('literalPrefix', () => {
  const rows: readonly [pattern: string, prefix: string][] = [
    ['/users/[0-9]+', '/users/'],
    ['^/users/', '/users/'],
    ['^(?:/users)(?:/[a-z]+)', '/users/'],
    ['^(?P<all>/a/.*)', '/a/'],
    ['(?:/en|/es)/app', '/e'],
    ['/en|/es', '/e'],
    ['a|', ''],
    ['ab?c', 'a'],
    ['ab*c', 'a'],
    ['ab+c', 'ab'],
    ['ab{2}c', 'ab'],
    ['ab{0,2}c', 'a'],
    ['ab{,2}c', 'ab{,2}c'],
    ['(?:ab)+c', 'ab'],
    ['😀*a', ''],
    ['a\\.b\\/c', 'a.b/c'],
    ['a\\db', 'a'],
    ['a.b', 'a'],
    ['[]a]b|c', ''],
    ['x[^]|]y', 'x'],
    ['x[[:alpha:]|]y', 'x'],
    ['(?i)abc', ''],
    ['ab(?i)cd', 'ab'],
    ['a\\Q|\\Eb', 'a'],
    ['', ''],
    ['^', ''],
  ]
  for (const [pattern, prefix] of rows) {
    it(`of ${pattern} is ${JSON.stringify(prefix)}`, () => {
      assert.equal(literalPrefix(pattern), prefix)
    })
  }

  it('starts every text that the pattern matches from the start', () => {
    const piece = fc.constantFrom(
      'a',
      'b',
      '/',
      '(',
      ')',
      '(?:',
      '|',
      '[ab]',
      '[^a]',
      '*',
      '+',
      '?',
      '.',
      '\\.',
      '{2}',
      '^',
      '$',
    )
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '/', '.'), maxLength: 6 })
    let compared = 0
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 9 }), fc.array(text, { maxLength: 20 }), (pieces, texts) => {
        const pattern = pieces.join('')
        const regex = compiled(`^(?:${pattern})`)
        if (!regex || !compiled(pattern)) return
        const prefix = literalPrefix(pattern)
        for (const subject of texts) {
          if (!regex.test(subject)) continue
          compared++
          assert.ok(subject.startsWith(prefix), `${pattern} matches ${subject}, which does not start with ${prefix}`)
        }
      }),
      { numRuns: 5000 },
    )
    assert.ok(compared > 1000)
  })
})

describe('literalShape', () => {
  const plain: readonly [pattern: string, literal: string, start: boolean, end: boolean][] = [
    ['/healthz', '/healthz', false, false],
    ['^/api', '/api', true, false],
    ['\\.json$', '.json', false, true],
    ['^(?:/a)(?:/b)$', '/a/b', true, true],
    ['^$', '', true, true],
    ['a\\\\$', 'a\\', false, true],
  ]
  for (const [pattern, literal, start, end] of plain) {
    it(`recognises ${pattern}`, () => assert.deepEqual(literalShape(pattern), { literal, start, end }))
  }

  for (const pattern of [
    '^a|b',
    'a|b$',
    '^?a',
    '^*',
    '(?i)a',
    '^(?m)a$',
    'a\\b',
    '\\Qa$',
    'a.',
    '[a]',
    'a$b',
    'a^b',
    '(^a)',
  ]) {
    it(`leaves ${pattern} to the engine`, () => assert.equal(literalShape(pattern), undefined))
  }
})

describe('quoteRegex', () => {
  it('makes a pattern that matches the literal and nothing else', () => {
    const unit = fc.constantFrom(...'a.*+?()[]{}|^$\\/-\n'.split(''), '😀', 'é')
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 8 }), fc.string({ unit, maxLength: 8 }), (literal, other) => {
        const exact = compileRegex(`^(?:${quoteRegex(literal)})$`)
        assert.equal(exact.test(literal), true)
        assert.equal(exact.test(other), literal === other)
        // the bracket keeps the engine, not the short cut for literals, busy
        assert.equal(compileRegex(`^${quoteRegex(literal)}[$]$`).test(`${literal}$`), true)
      }),
    )
  })
})

function compiled(pattern: string) {
  try {
    return compileRegex(pattern)
  } catch (thrown) {
    if (thrown instanceof RegexError) return undefined
    throw thrown
  }
}
