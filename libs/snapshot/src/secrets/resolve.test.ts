import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { MiddlewareInput } from '@vrata/model'
import { type SecretPorts, SecretResolver, secretErrorText } from './resolve.ts'

const ports: SecretPorts = {
  env: (name) => (name === 'HOME_KEY' ? { value: 'from env' } : { error: 'is not set' }),
  file: (path) => (path === '/etc/token' ? { value: 'from file\n' } : { error: 'does not exist' }),
  fingerprint: (value) => `fp(${value})`,
}

const secrets = [
  { id: 's-1', name: 'tok', value: 'hush' },
  { id: 's-2', name: 'empty', value: '' },
  { id: 's-3', name: 'twin', value: 'a' },
  { id: 's-4', name: 'twin', value: 'b' },
  { id: 'tok2', name: 's-1', value: 'named like an id' },
  { id: 's-5', name: 'tricky', value: '{{secret:value:s-1}} "\\\n\u0001' },
]

function resolve(members: Record<string, unknown>) {
  const resolver = new SecretResolver(secrets, ports)
  const entity: MiddlewareInput = { id: 'm', type: 'headers', ...members }
  return { resolved: resolver.resolve('middleware', entity), resolver }
}

function filled(text: string): unknown {
  const { resolved, resolver } = resolve({ x: text })
  assert.deepEqual(resolver.problems, [])
  return resolved['x']
}

describe('a reference is replaced by', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['the secret with that id', 'Bearer {{secret:value:s-1}}', 'Bearer hush'],
    ['the only secret of that name', '{{secret:value:tok}}', 'hush'],
    ['the one with that id rather than one of that name', '{{secret:value:s-1}}', 'hush'],
    ['an empty value', '<{{secret:value:empty}}>', '<>'],
    ['a variable', '{{secret:env:HOME_KEY}}', 'from env'],
    ['a whole file, its last line break kept', '{{secret:file:/etc/token}}', 'from file\n'],
    ['each of several', '{{secret:value:tok}}/{{secret:env:HOME_KEY}}', 'hush/from env'],
    ['text that is not looked at again, whatever it holds', '{{secret:value:tricky}}', secrets[5]?.value ?? ''],
    ['nothing when it is escaped', '{{{{secret:value:tok}}', '{{secret:value:tok}}'],
  ]
  for (const [name, source, expected] of cases) test(name, () => assert.equal(filled(source), expected))
})

describe('a reference that leads nowhere', () => {
  const cases: readonly (readonly [string, string, RegExp, string?])[] = [
    ['{{secret:value:nope}}', 'secret.unresolved', /^secret "nope": does not exist$/],
    ['{{secret:value:tokk}}', 'secret.unresolved', /^secret "tokk": does not exist$/, 'tok2'],
    ['{{secret:value:twin}}', 'secret.ambiguous', /^secret "twin": 2 secrets have this name \(s-3, s-4\)$/],
    ['{{secret:env:NOPE}}', 'secret.unresolved', /^env var "NOPE" is not set$/],
    ['{{secret:file:/nope}}', 'secret.unresolved', /^file "\/nope": does not exist$/],
    ['{{secret:vault:x}}', 'secret.unresolved', /is not a secret reference/],
    ['{{secret:value:', 'secret.unresolved', /is not a secret reference/],
  ]
  for (const [source, code, message, suggestion] of cases) {
    test(`${source} is a problem with entity and place`, () => {
      const { resolver } = resolve({ name: 'n', list: [{ value: `a ${source}` }] })
      const [problem, ...others] = resolver.problems
      assert.deepEqual(others, [])
      assert.deepEqual(problem?.entity, { kind: 'middleware', id: 'm', name: 'n' })
      assert.equal(problem?.pointer, '/list/0/value')
      assert.equal(problem?.code, code)
      assert.match(problem?.message ?? '', message)
      if (suggestion !== undefined) assert.equal(problem?.suggestion, suggestion)
    })
  }

  test('does not keep the others from being listed', () => {
    const { resolver } = resolve({ a: '{{secret:env:X}}{{secret:value:y}}', b: { c: '{{secret:file:z}}' } })
    assert.deepEqual(
      resolver.problems.map((problem) => problem.pointer),
      ['/a', '/a', '/b/c'],
    )
    assert.equal(
      secretErrorText(resolver.problems),
      'resolving secrets: unresolved secret references:\n  env var "X" is not set\n  secret "y": does not exist\n  file "z": does not exist',
    )
  })
})

describe('identity and keys', () => {
  test('are not filled in, and say so', () => {
    const reference = '{{secret:value:tok}}'
    const { resolved, resolver } = resolve({ name: reference, labels: { a: reference }, map: { [reference]: 'x' } })
    assert.equal(resolved['name'], reference)
    assert.deepEqual(
      resolver.problems.map((problem) => problem.pointer),
      ['/name', '/labels/a', '/map/{{secret:value:tok}}'],
    )
  })

  test('of nested values are values like any other', () => {
    const { resolved, resolver } = resolve({ rules: [{ name: '{{secret:value:tok}}' }] })
    assert.deepEqual(resolved['rules'], [{ name: 'hush' }])
    assert.deepEqual(resolver.problems, [])
  })
})

test('strings that came from secrets are listed with the fingerprint of the whole string', () => {
  const { resolver } = resolve({
    a: 'x {{secret:value:tok}}',
    b: ['plain', '{{{{secret:'],
    c: { 'd/e': '{{secret:env:HOME_KEY}}' },
  })
  assert.deepEqual(resolver.pointers, [
    { kind: 'middleware', id: 'm', pointer: '/a', fingerprint: 'fp(x hush)' },
    { kind: 'middleware', id: 'm', pointer: '/c/d~1e', fingerprint: 'fp(from env)' },
  ])
  assert.deepEqual([...resolver.used], [['s-1', 'fp(hush)']])
})

test('what was given stays as it was, and an entity without references is not copied', () => {
  const resolver = new SecretResolver(secrets, ports)
  const entity = { id: 'm', type: 't', a: { b: '{{secret:value:tok}}' }, c: { d: 'x' } }
  const resolved = resolver.resolve('middleware', entity)
  assert.equal(entity.a.b, '{{secret:value:tok}}')
  assert.equal(resolved.c, entity.c)
  const plain = { id: 'p', type: 't', a: ['b'] }
  assert.equal(resolver.resolve('middleware', plain), plain)
})

test('a variable is read once for a whole capture, so that all places see one value', () => {
  let reads = 0
  const resolver = new SecretResolver([], { ...ports, env: () => ({ value: String(reads++) }) })
  const { a, b } = resolver.resolve('middleware', { id: 'm', type: 't', a: '{{secret:env:N}}', b: '{{secret:env:N}}' })
  assert.deepEqual([a, b], ['0', '0'])
})
