import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileRegex, RegexError } from '@vrata/regex'
import fc from 'fast-check'
import { simpleExpression } from './simple-expression.ts'

const never = () => assert.fail('the engine was asked')

const simple: readonly [string, readonly string[], readonly string[]][] = [
  ['^(?:/users/[0-9]+)', ['/users/1', '/users/42/edit'], ['/users/', '/users/x', '/x/users/1']],
  [
    '^(?:/users/[^/]+/orders/[0-9]+$)',
    ['/users/a-b/orders/7'],
    ['/users//orders/7', '/users/a/orders/7/', '/users/a/orders/'],
  ],
  ['^(?:/(en|es)/app)', ['/en/app', '/es/apple'], ['/fr/app', '/en']],
  ['^(?:/en|/es)', ['/en', '/es/x'], ['/x/es', '/e']],
  ['^/api/v1(?:/a\\.b)$', ['/api/v1/a.b'], ['/api/v1/axb', '/api/v1/a.bc']],
  ['^(?:/v[12])(?:/app)(?:/|$)', ['/v1/app', '/v2/app/x'], ['/v1/apple', '/v3/app']],
  ['^(?:/files/.*)', ['/files/', '/files/a/b'], ['/files']],
  ['^(?:/a?b+c*$)', ['/abc', '/b', '/bbb'], ['/', '/aab', '/abca']],
  ['^(?:/[A-Z\\d_-]+\\w$)', [], []],
  ['^(?:/[\\w.-]+/x)', ['/a.b-c/x'], ['/a b/x']],
]

for (const [source, taken, refused] of simple) {
  const expected = source !== '^(?:/[A-Z\\d_-]+\\w$)'
  test(`${source} is ${expected ? 'tested without an engine' : 'left to the engine'}`, () => {
    const holds = simpleExpression(source, never)
    assert.equal(holds !== undefined, expected)
    for (const path of taken) assert.equal(holds?.(path), true, path)
    for (const path of refused) assert.equal(holds?.(path), false, path)
  })
}

const left = [
  'a',
  '^(?i)/a',
  '^/a|/b',
  '^/[[:alpha:]]',
  '^/a{2}',
  '^/a+?',
  '^/(a|ab)c',
  '^/(a|)',
  '^/(?P<n>a)',
  '^/.*x',
  '^/\\pL',
  '^/(a)+',
  '^/a$b',
  '^/é',
  '^/[z-a]',
  '^/[]',
  '^/(',
  '^/a)',
  '^/a**',
  '^/[a-\\d]',
  '^/\\b',
  '^/$*',
  '^/(?:/|$)+',
]

for (const source of left) {
  test(`${source} is left to the engine`, () => assert.equal(simpleExpression(source, never), undefined))
}

test('a path beyond ASCII is left to the engine', () => {
  const source = '^(?:/[^/]/x)'
  const holds = simpleExpression(source, () => (path) => compileRegex(source).test(path))
  assert.equal(holds?.('/\u{1f600}/x'), true)
  assert.equal(holds?.('/é/y'), false)
})

const piece = fc.constantFrom(
  '/',
  'a',
  'b',
  'ab',
  '.',
  '\\.',
  '[ab]',
  '[^/]',
  '[a-c]',
  '[0-9-]',
  '[\\d-]',
  '[.-]',
  '[a-]',
  '[-a]',
  '[a-b-c]',
  '[^a-b1]',
  '\\d',
  '\\w',
  '-',
  '(a|b)',
  '(?:ab|ba|c)',
  '(',
  ')',
  '|',
  '(?:',
  '[',
  ']',
  '^',
  '{2}',
  '(?:/|$)',
)
const operator = fc.constantFrom('', '', '', '*', '+', '?', '+?', '**')
const expression = fc
  .tuple(
    fc.array(
      fc.tuple(piece, operator).map(([one, repeat]) => one + repeat),
      { maxLength: 7 },
    ),
    fc.constantFrom('', '$'),
  )
  .map(([pieces, end]) => `^${pieces.join('')}${end}`)
const path = fc
  .array(fc.constantFrom('/', 'a', 'b', 'c', '1', '-', '.', 'ab'), { maxLength: 9 })
  .map((parts) => parts.join(''))

function engineOf(source: string): ((text: string) => boolean) | undefined {
  try {
    const regex = compileRegex(source)
    return (text) => regex.test(text)
  } catch (thrown) {
    assert.ok(thrown instanceof RegexError)
    return undefined
  }
}

test('whatever is tested without an engine is an expression for the engine too, and means the same', () => {
  let tested = 0
  fc.assert(
    fc.property(expression, fc.array(path, { minLength: 20, maxLength: 20 }), (source, paths) => {
      const holds = simpleExpression(source, never)
      if (holds === undefined) return
      const engine = engineOf(source)
      assert.ok(engine, `${source} is no expression`)
      for (const one of paths) assert.equal(holds(one), engine(one), `${source} on ${one}`)
      tested++
    }),
    { numRuns: 3000 },
  )
  assert.ok(tested > 300, `only ${tested} expressions were simple`)
})
