import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkEntity, jsonSchemas, type Problem, withoutNulls } from '@vrata/model'
import { Middleware } from './middleware.ts'
import { hasBehaviour, middlewareTypes } from './registry.ts'

function check(sent: object): Problem[] {
  return checkEntity(Middleware, withoutNulls({ id: 'm', ...sent }), { kind: 'middleware' }).problems
}

function told(sent: object): readonly unknown[] {
  return check(sent).map(({ pointer, code, suggestion }) => [pointer, code, suggestion])
}

describe('Middleware', () => {
  test('knows twelve types', () => {
    assert.deepEqual(middlewareTypes, [
      'cors',
      'jwt',
      'extAuthz',
      'extProc',
      'rateLimit',
      'headers',
      'accessLog',
      'inlineAuthz',
      'apiKey',
      'basicAuth',
      'requestLimits',
      'compression',
    ])
  })

  const rows: readonly (readonly [string, object, readonly unknown[]])[] = [
    ['a misspelt type is refused with the right one', { type: 'jtw' }, [['/type', 'enum.invalid', 'jwt']]],
    ['the type has its exact spelling', { type: 'ExtAuthz' }, [['/type', 'enum.invalid', 'extAuthz']]],
    ['an unknown type is refused', { type: 'lua' }, [['/type', 'enum.invalid', undefined]]],
    ['the type is required', {}, [['/type', 'field.missing', undefined]]],
    ['null is no type', { type: null }, [['/type', 'field.missing', undefined]]],
    ['the type is no secret', { type: '{{secret:value:t}}' }, [['/type', 'enum.invalid', undefined]]],
    ['settings of cors may be left out', { name: 'cors', type: 'cors' }, []],
    ['settings of headers may be left out', { type: 'headers' }, []],
    ['settings of headers may be null', { type: 'headers', headers: null }, []],
    ['other settings may not be left out', { type: 'jwt' }, [['/jwt', 'field.missing', undefined]]],
    ['null counts as left out', { type: 'rateLimit', rateLimit: null }, [['/rateLimit', 'field.missing', undefined]]],
    [
      'settings of another type are refused',
      { type: 'rateLimit', rateLimit: {}, cors: {} },
      [['/cors', 'field.unknown', undefined]],
    ],
    ['but not when they are null', { type: 'rateLimit', rateLimit: {}, cors: null }, []],
    ['settings are an object', { type: 'rateLimit', rateLimit: [] }, [['/rateLimit', 'type.invalid', undefined]]],
    [
      'misspelt settings are missing and unknown',
      { type: 'rateLimit', ratelimit: {} },
      [
        ['/rateLimit', 'field.missing', undefined],
        ['/ratelimit', 'field.unknown', 'rateLimit'],
      ],
    ],
    ['unknown members are refused', { type: 'cors', enabled: true }, [['/enabled', 'field.unknown', undefined]]],
    ['labels and description are possible', { type: 'cors', labels: { a: 'b' }, description: 'x' }, []],
    ['the rules for ids hold', { id: 'a b', type: 'cors' }, [['/id', 'format.invalid', undefined]]],
  ]
  for (const [what, sent, problems] of rows) test(what, () => assert.deepEqual(told(sent), problems))

  test('says which settings belong to the type', () => {
    assert.deepEqual(
      check({ type: 'rateLimit', rateLimit: {}, cors: {} }).map((problem) => problem.message),
      ['a middleware of type "rateLimit" has its settings under "rateLimit" alone'],
    )
    assert.deepEqual(
      check({ type: 'inlineAuthz' }).map((problem) => problem.message),
      ['inlineAuthz config is required when type is "inlineAuthz"'],
    )
  })

  test('what is checked is narrowed by its type', () => {
    const { value } = checkEntity(
      Middleware,
      { id: 'm', type: 'rateLimit', rateLimit: { burst: 5 } },
      { kind: 'middleware' },
    )
    assert.ok(value?.type === 'rateLimit')
    const burst: number | undefined = value.rateLimit.burst
    assert.equal(burst, 5)
  })

  test('no type has behaviour yet', () => {
    assert.deepEqual(middlewareTypes.filter(hasBehaviour), [])
  })

  test('its JSON Schema has one form for each type, with every member described', () => {
    const { oneOf } = jsonSchemas({ Middleware })['Middleware'] as { oneOf: { properties: Record<string, unknown> }[] }
    assert.deepEqual(
      oneOf.map((form) => Reflect.get(form.properties['type'] as object, 'const')),
      middlewareTypes,
    )
    for (const form of oneOf) assertDescribed(form, '')
  })
})

function assertDescribed(schema: unknown, path: string): void {
  if (typeof schema !== 'object' || schema === null) return
  for (const [name, inner] of Object.entries(schema)) {
    if (name === 'properties')
      for (const [member, property] of Object.entries(inner as Record<string, { description?: string }>))
        assert.ok(property.description, `${path}/${member} has no description`)
    assertDescribed(inner, `${path}/${name}`)
  }
}
