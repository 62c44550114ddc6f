import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { mayHoldReference, type Piece, parseSecretText, type SecretSource } from './grammar.ts'

const text = (content: string): Piece => ({ kind: 'text', text: content })
const reference = (source: SecretSource, ref: string): Piece => ({ kind: 'reference', source, ref })

describe('text that holds references', () => {
  const cases: readonly (readonly [string, readonly Piece[]])[] = [
    ['', []],
    ['plain', [text('plain')]],
    ['{{value:x}}', [text('{{value:x}}')]],
    ['{{secret:value:tok}}', [reference('value', 'tok')]],
    ['Bearer {{secret:value:tok}}', [text('Bearer '), reference('value', 'tok')]],
    ['{{secret:env:A}}:{{secret:file:/etc/b}}', [reference('env', 'A'), text(':'), reference('file', '/etc/b')]],
    ['{{secret:value: a:b }}', [reference('value', ' a:b ')]],
    ['{{secret:value:a&<>"\\}}', [reference('value', 'a&<>"\\')]],
    ['{{secret:value:{{secret:env:A}}', [reference('value', '{{secret:env:A')]],
    ['{{{{secret:', [text('{{secret:')]],
    ['{{{{secret:value:x}}', [text('{{secret:value:x}}')]],
    ['a{{{{secret:b{{{{secret:c', [text('a{{secret:b{{secret:c')]],
    ['{{{{secret:{{secret:env:A}}', [text('{{secret:'), reference('env', 'A')]],
    ['{{{secret:env:A}}', [text('{'), reference('env', 'A')]],
    ['{{{{{secret:env:A}}', [text('{{{secret:env:A}}')]],
    ['{{secret:env:A}}}}', [reference('env', 'A'), text('}}')]],
  ]
  for (const [source, pieces] of cases) {
    test(JSON.stringify(source), () => assert.deepEqual(parseSecretText(source), pieces))
  }
})

describe('what begins like a reference and is none', () => {
  const cases: readonly (readonly [string, RegExp, string?])[] = [
    [
      '{{secret:vault:x}}',
      /^"\{\{secret:vault:x\}\}" is not a secret reference: the source is "vault", not value, env or file$/,
    ],
    ['{{secret:valu:x}}', /source is "valu"/, '{{secret:value:x}}'],
    ['{{secret:ENV:x}}', /source is "ENV"/, '{{secret:env:x}}'],
    ['{{secret: env:x}}', /source is " env"/, '{{secret:env:x}}'],
    ['{{secret:}}', /source is ""/],
    ['{{secret:value:}}', /names nothing after its source/],
    ['{{secret:value}}', /names nothing after its source/],
    ['{{secret:value:x', /is not closed by "\}\}"/],
    ['{{secret:value:x}', /is not closed by "\}\}"/],
  ]
  for (const [source, message, suggestion] of cases) {
    test(JSON.stringify(source), () => {
      const malformed = parseSecretText(`a ${source}`).find((piece) => piece.kind === 'malformed')
      assert.match(malformed?.message ?? '', message)
      assert.equal(malformed?.suggestion, suggestion)
    })
  }

  test('does not hide a good one behind it', () => {
    const kinds = parseSecretText('{{secret:x:{{secret:env:A}}').map((piece) => piece.kind)
    assert.deepEqual(kinds, ['malformed', 'text', 'reference'])
  })
})

describe('any text', () => {
  const parts = fc.constantFrom('{{secret:', '{{', '}}', '{', '}', 'value:', 'env:', 'A', ':', 'secret:')
  const texts = fc.array(parts).map((list) => list.join(''))

  test('is itself when it does not begin a reference', () => {
    fc.assert(
      fc.property(texts, (source) => {
        if (mayHoldReference(source)) return
        assert.equal(
          parseSecretText(source)
            .map((piece) => (piece.kind === 'text' ? piece.text : '?'))
            .join(''),
          source,
        )
      }),
    )
  })

  test('comes back from its escaped form', () => {
    fc.assert(
      fc.property(texts, (source) => {
        const escaped = source.replaceAll('{{secret:', '{{{{secret:')
        assert.deepEqual(parseSecretText(escaped), source === '' ? [] : [text(source)])
      }),
    )
  })
})
