import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { compileRegex, RegexError } from './index.ts'

describe('test', () => {
  const rows: readonly [pattern: string, text: string, matches: boolean][] = [
    ['v[0-9]+', 'rev2x', true],
    ['v[0-9]+', 'revx', false],
    ['/api', '/x/api/y', true],
    ['^/api', '/x/api', false],
    ['^/api', '/api/y', true],
    ['\\.json$', '/a.json', true],
    ['\\.json$', '/a.json/b', false],
    ['\\.json$', '/axjson', false],
    ['^(?:/healthz)$', '/healthz', true],
    ['^(?:/healthz)$', '/healthz/', false],
    ['^/en|/es', '/x/es', true],
    ['^(?:/en|/es)', '/x/es', false],
    ['^(?:/en|/es)(?:/app)(?:/|$)', '/es/app', true],
    ['^(?:/en|/es)(?:/app)(?:/|$)', '/es/apple', false],
    ['a$', 'a\n', false],
    ['^b', 'a\nb', false],
    ['(?m)^b$', 'a\nb\nc', true],
    ['^(?m)b$', 'b\nc', true],
    ['^(?i)/api', '/API', true],
    ['^*a', 'ba', true],
    ['a\\\\$', 'a\\', true],
    ['a\\$', 'xa$y', true],
    ['a\\\\\\$', 'a\\$ and more', true],
    ['\\Qa.b\\E', 'xa.by', true],
    ['\\Qa$', 'a$b', true],
    ['', '', true],
    ['^$', 'x', false],
    ['😀+', 'a😀😀', true],
    ['^.$', '😀', true],
    ['\\bfoo\\b', 'a foo b', true],
    ['\\bfoo\\b', 'afoob', false],
  ]
  for (const [pattern, text, matches] of rows) {
    it(`says that ${pattern} ${matches ? 'matches' : 'does not match'} ${JSON.stringify(text)}`, () => {
      assert.equal(compileRegex(pattern).test(text), matches)
    })
  }

  it('agrees with the regular expressions of JavaScript where both mean the same', () => {
    const letter = fc.constantFrom('a', 'b', '/', '.', '-')
    const literal = letter.map((text) => (text === '.' ? '\\.' : text))
    const { pattern } = fc.letrec<{ pattern: string; piece: string; branch: string }>((tie) => ({
      pattern: fc
        .tuple(
          fc.constantFrom('', '^'),
          fc.array(tie('branch'), { minLength: 1, maxLength: 3 }),
          fc.constantFrom('', '$'),
        )
        .map(([start, branches, end]) => start + branches.join('|') + end),
      branch: fc.array(tie('piece'), { maxLength: 4 }).map((pieces) => pieces.join('')),
      piece: fc.oneof(
        { maxDepth: 2 },
        literal,
        fc.constantFrom('.', '[ab]', '[^a/]', '[a-b.]'),
        fc.tuple(literal, fc.constantFrom('*', '+', '?', '{2}', '{0,2}', '+?')).map((parts) => parts.join('')),
        fc.tuple(tie('branch'), tie('branch')).map(([left, right]) => `(?:${left}|${right})`),
        fc.tuple(tie('branch'), fc.constantFrom('', '+', '*', '?')).map(([inner, times]) => `(${inner}a)${times}`),
      ),
    }))
    const text = fc.array(letter, { maxLength: 12 }).map((letters) => letters.join(''))
    fc.assert(
      fc.property(pattern, text, (source, subject) => {
        assert.equal(compileRegex(source).test(subject), new RegExp(source, 'su').test(subject))
      }),
      { numRuns: 2000 },
    )
  })

  it('takes linear time on patterns that make a backtracking engine explode', () => {
    const subject = `${'a'.repeat(50_000)}!`
    for (const pattern of [
      '^(a+)+$',
      '^(a|a)*$',
      '^(a|aa)+$',
      '(a*)*b',
      '(.*)(.*)(.*)(.*)[0-9]$',
      '^(([a-z])+.)+[A-Z]$',
    ]) {
      const regex = compileRegex(pattern)
      const started = performance.now()
      assert.equal(regex.test(subject), false)
      assert.ok(performance.now() - started < 20_000, `${pattern} took too long`)
    }
  })
})

describe('compileRegex', () => {
  it('counts and names the groups', () => {
    const regex = compileRegex('^/(?P<lang>[a-z]+)/(?<id>[0-9]+)(/.*)?')
    assert.equal(regex.source, '^/(?P<lang>[a-z]+)/(?<id>[0-9]+)(/.*)?')
    assert.equal(regex.groupCount, 3)
    assert.deepEqual(regex.groupNames, ['lang', 'id'])
  })

  const rows: readonly [pattern: string, message: RegExp, position: number | undefined][] = [
    ['a(b', /missing closing \): `a\(b`/, 0],
    ['ab[c', /missing closing \]: `\[c`/, 2],
    ['x**', /invalid nested repetition operator: `\*\*`/, 1],
    ['a{1001}', /invalid repeat count: `\{1001\}`/, 1],
    ['a(?=b)', /look-around does not exist in RE2/, 1],
    ['a(?<!b)c', /look-around does not exist in RE2/, 1],
    ['(a)\\1', /back references do not exist in RE2/, 3],
    ['\\p{Nope}', /invalid character class range/, 0],
    ['a\\', /trailing backslash/, undefined],
  ]
  for (const [pattern, message, position] of rows) {
    it(`refuses ${pattern} and says why`, () => {
      assert.throws(
        () => compileRegex(pattern),
        (thrown: unknown) => {
          assert.ok(thrown instanceof RegexError)
          assert.match(thrown.message, message)
          assert.equal(thrown.pattern, pattern)
          assert.equal(thrown.position, position)
          return true
        },
      )
    })
  }

  it('throws nothing but RegexError, whatever it is given', () => {
    const noise = fc.array(fc.constantFrom(...'ab()[]{}?*+|^$\\.,-:<>PQE1039ipx='.split('')), { maxLength: 15 })
    fc.assert(
      fc.property(noise, (characters) => {
        try {
          compileRegex(characters.join('')).test('abc')
        } catch (thrown) {
          assert.ok(thrown instanceof RegexError, String(thrown))
        }
      }),
      { numRuns: 3000 },
    )
  })
})
