import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { compileRegex, compileSubstitution, RegexError } from './index.ts'

describe('replaceAll', () => {
  const rows: readonly [pattern: string, substitution: string, text: string, result: string][] = [
    ['^/api/v2(.*)', '/internal$1', '/api/v2/orders', '/internal/orders'],
    ['/a', '/b', '/a/x/a', '/b/x/b'],
    ['/u/([0-9]+)/o/([0-9]+)', '/v2/o/\\2?user=\\1', '/u/4/o/9', '/v2/o/9?user=4'],
    ['(?P<one>a)(?<two>b)', `\${two}$one`, 'xaby', 'xbay'],
    ['(a)', `\${1}x$1`, 'a', 'axa'],
    ['(a)', '$1-$0-\\0', 'bab', 'ba-a-ab'],
    ['(a)', '$$1 \\\\1 $ \\x', 'a', '$1 \\1 $ \\x'],
    ['(a)(b)?', '[$2]', 'a', '[]'],
    ['a', '', 'banana', 'bnn'],
    ['x', 'y', 'abc', 'abc'],
    ['a*', 'x', 'baac', 'xbxcx'],
    ['', '-', 'ab', '-a-b-'],
    ['$', '/end', '/a', '/a/end'],
    ['(.)(.)', '$2$1', 'abcde', 'badce'],
    ['😀', '$0$0', 'a😀b', 'a😀😀b'],
    ['((((((((((a))))))))))(b)', '$11', 'ab', 'b'],
    ['(a)', '\\11', 'a', 'a1'],
  ]
  for (const [pattern, substitution, text, result] of rows) {
    it(`of ${pattern} by ${substitution} makes ${JSON.stringify(result)} of ${JSON.stringify(text)}`, () => {
      const regex = compileRegex(pattern)
      assert.equal(regex.replaceAll(text, compileSubstitution(substitution, regex)), result)
    })
  }

  it('agrees with String.replace where both mean the same', () => {
    const pattern = fc.constantFrom('a', 'a+', '(a)(b)', '(a|b)c?', '[ab]c', '(?<x>b)', 'a.b')
    const part = fc.constantFrom('$1', 'x', '-', '')
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 12 })
    fc.assert(
      fc.property(pattern, fc.array(part, { maxLength: 4 }), text, (source, parts, subject) => {
        const regex = compileRegex(source)
        const written = regex.groupCount === 0 ? parts.filter((one) => one !== '$1') : parts
        const substitution = written.join('').replace(/\$1(?=\w)/g, '$${1}')
        const script = written.join('')
        const result = regex.replaceAll(subject, compileSubstitution(substitution, regex))
        assert.equal(result, subject.replace(new RegExp(source, 'g'), script))
      }),
    )
  })
})

describe('compileSubstitution', () => {
  const rows: readonly [pattern: string, substitution: string, message: RegExp, position: number][] = [
    ['(a)', '/x$2', /no group `2` \(it has groups 1 to 1\)/, 2],
    ['a', '\\1', /no group `1` \(it has no groups\)/, 0],
    ['(?P<id>a)', `\${ids}`, /no group `ids` \(it has groups 1 to 1, named id\)/, 0],
    ['(a)', '$1x', /no group `1x` .*; write \$\{1\} to end the number there/, 0],
    ['(a)', 'a${1', /`\$\{` is not closed/, 1],
    ['(a)', `\${}`, /no group ``/, 0],
    ['(a)', '$toString', /no group `toString`/, 0],
  ]
  for (const [pattern, substitution, message, position] of rows) {
    it(`refuses ${substitution} for ${pattern}`, () => {
      assert.throws(
        () => compileSubstitution(substitution, compileRegex(pattern)),
        (thrown: unknown) => {
          assert.ok(thrown instanceof RegexError)
          assert.match(thrown.message, message)
          assert.equal(thrown.position, position)
          return true
        },
      )
    })
  }
})
