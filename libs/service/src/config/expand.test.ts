// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the configuration file writes its references so
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { expandVariables } from './expand.ts'

const env = { HOST: 'db', EMPTY: '', PEM: '-----BEGIN X-----\n"#$\n', NESTED: '${HOST}' }

describe('references in a string', () => {
  const texts: readonly (readonly [string, string])[] = [
    ['plain', 'plain'],
    ['${HOST}', 'db'],
    ['a-${HOST}-${HOST}', 'a-db-db'],
    ['${HOST:-x}', 'db'],
    ['${NOPE:-x}', 'x'],
    ['${EMPTY:-x}', 'x'],
    ['${NOPE:-}', ''],
    ['${NOPE:-a:-b c}', 'a:-b c'],
    ['${HOST:?needed}', 'db'],
    ['${NOPE}', ''],
    ['${EMPTY}', ''],
    ['$HOST', '$HOST'],
    ['pa$$word$', 'pa$$word$'],
    ['cost $5', 'cost $5'],
    ['$${HOST}', '${HOST}'],
    ['$${HOST} ${HOST}', '${HOST} db'],
    ['$$${HOST}', '$${HOST}'],
    ['${PEM}', env.PEM],
    ['${NESTED}', '${HOST}'],
    // what every object has besides its members
    ['${toString}', ''],
    ['${constructor:-x}', 'x'],
    ['${__proto__:-x}', 'x'],
  ]
  for (const [text, expected] of texts) {
    test(`${JSON.stringify(text)} becomes ${JSON.stringify(expected)}`, () => {
      const expansion = expandVariables(text, env)
      assert.equal('text' in expansion ? expansion.text : expansion.error, expected)
    })
  }

  const errors: readonly (readonly [string, RegExp])[] = [
    ['${NOPE:?set it}', /^the environment variable NOPE is not set: set it$/],
    ['${EMPTY:?set it}', /EMPTY is not set: set it/],
    ['${NOPE:?}', /NOPE is not set$/],
    ['${}', /is not an environment reference/],
    ['${1A}', /is not an environment reference/],
    ['${A-b}', /is not an environment reference/],
    ['${A:+b}', /is not an environment reference/],
    ['a ${HOST', /is not an environment reference/],
    ['${NOPE:-${HOST}}', /reference inside the fallback of \$\{NOPE\} is not supported/],
  ]
  for (const [text, expected] of errors) {
    test(`${JSON.stringify(text)} is refused`, () => {
      const expansion = expandVariables(text, env)
      assert.match('error' in expansion ? expansion.error : `became ${expansion.text}`, expected)
    })
  }

  test('only a single reference that is the whole string may turn into a number', () => {
    const whole = ['${A}', '${A:-1}', '1', '${A}${A}', ' ${A}', '$${A}'].map((text) => {
      const expansion = expandVariables(text, { A: '5' })
      return 'whole' in expansion && expansion.whole
    })
    assert.deepEqual(whole, [true, true, false, false, false, false])
  })

  test('a plain reference to an unset variable is reported as missing, a set or defaulted one is not', () => {
    const { uses } = expandVariables('${NOPE}${HOST}${EMPTY}${GONE:-x}', env)
    assert.deepEqual(
      uses.filter((use) => use.missing).map((use) => use.name),
      ['NOPE'],
    )
    assert.deepEqual(
      uses.map((use) => use.name),
      ['NOPE', 'HOST', 'EMPTY', 'GONE'],
    )
  })

  test('a value passes unchanged whatever it holds, and text without ${ is never touched', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (value, text) => {
        assert.deepEqual(expandVariables('<${V}>', { V: value }), {
          text: `<${value}>`,
          uses: [{ name: 'V', missing: false }],
          whole: false,
        })
        const plain = text.replaceAll('${', '')
        const expansion = expandVariables(plain, {})
        assert.equal('text' in expansion && expansion.text, plain)
      }),
    )
  })
})
