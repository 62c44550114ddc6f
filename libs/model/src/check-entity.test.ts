import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { checkEntity, maxProblems } from './check-entity.ts'
import { duration } from './formats/duration.ts'
import { Route } from './route.ts'

const about = { kind: 'route', id: 'r-1', name: 'shop' } as const

function codes(schema: z.ZodType, value: unknown): string[] {
  return checkEntity(schema, value, about).problems.map((problem) => `${problem.pointer} ${problem.code}`)
}

describe('checkEntity', () => {
  test('lists every problem with its entity, place, code and suggestion', () => {
    const sent = {
      id: 'r-1',
      match: { pathPrefx: '/x' },
      forward: { destinations: [{ destinationId: 'd' }], timeouts: { request: '10 sec' } },
    }
    assert.deepEqual(checkEntity(Route, sent, about), {
      problems: [
        {
          entity: about,
          pointer: '/match/pathPrefx',
          message: 'unknown field',
          suggestion: 'pathPrefix',
          severity: 'error',
          code: 'field.unknown',
        },
        {
          entity: about,
          pointer: '/forward/timeouts/request',
          message: '"10 sec" is not a duration',
          suggestion: '10s',
          severity: 'error',
          code: 'duration.invalid',
        },
      ],
    })
  })

  test('each unknown field has a problem of its own, with what its own object knows', () => {
    assert.deepEqual(
      checkEntity(Route, { id: 'r', hdrs: 1, directResponse: { status: 200, Body: 1, headrs: 1 } }, about).problems.map(
        ({ pointer, suggestion }) => [pointer, suggestion],
      ),
      [
        ['/directResponse/Body', 'body'],
        ['/directResponse/headrs', 'headers'],
        ['/hdrs', undefined],
      ],
    )
  })

  test('a field that is already there is not suggested again', () => {
    const { problems } = checkEntity(Route, { id: 'r', directResponse: { status: 200, body: '', Body: '' } }, about)
    assert.deepEqual(
      problems.map((problem) => problem.suggestion),
      [undefined],
    )
  })

  test('pointers escape what stands in names', () => {
    assert.deepEqual(codes(z.record(z.string(), z.strictObject({})), { 'a/b~c': { 'd/e': 1 } }), [
      '/a~1b~0c/d~1e field.unknown',
    ])
  })

  describe('unions are flattened', () => {
    const place = z
      .strictObject({ header: z.string().min(1) })
      .or(z.strictObject({ cookie: z.string(), ttl: duration() }))

    test('to the form that fits best', () => {
      assert.deepEqual(codes(z.array(place), [{ header: '' }]), ['/0/header range.invalid'])
      assert.deepEqual(codes(z.array(place), [{ cookie: 'a', ttl: '5 s' }]), ['/0/ttl duration.invalid'])
    })

    test('to one sentence when no form is of the right type', () => {
      assert.deepEqual(codes(z.strictObject({ a: z.string().or(z.array(z.string())) }), { a: 5 }), ['/a type.invalid'])
    })

    test('to the constants of a discriminator', () => {
      const shape = z.discriminatedUnion('type', [
        z.strictObject({ type: z.literal('circle'), radius: z.number() }),
        z.strictObject({ type: z.literal('square'), side: z.number() }),
      ])
      const wrong = checkEntity(shape, { type: 'sqare', side: 1 }, about).problems
      assert.deepEqual(
        wrong.map(({ pointer, code, suggestion }) => [pointer, code, suggestion]),
        [['/type', 'enum.invalid', 'square']],
      )
      assert.deepEqual(codes(shape, {}), ['/type field.missing'])
      const unknown = checkEntity(shape, { type: 'square', side: 1, radios: 1 }, about).problems
      assert.deepEqual(
        unknown.map((problem) => problem.suggestion),
        [undefined],
        'circles have a radius, squares not',
      )
    })
  })

  describe('secret references', () => {
    const schema = z.strictObject({
      wait: duration(),
      mode: z.enum(['a', 'b']),
      short: z.string().max(3),
      count: z.number(),
    })
    const pending = {
      wait: 'x{{secret:value:w}}',
      mode: '{{secret:env:M}}',
      short: '{{secret:file:/s}}',
      count: 1,
    }

    test('excuse the content of a string until they are resolved', () => {
      const checked = checkEntity(schema, pending, about)
      assert.deepEqual(checked, { value: pending, problems: [] })
    })

    test('excuse nothing afterwards', () => {
      const { problems, value } = checkEntity(schema, pending, about, { references: 'resolved' })
      assert.deepEqual(
        problems.map((problem) => problem.pointer),
        ['/wait', '/mode', '/short'],
      )
      assert.equal(value, undefined)
    })

    test('do not excuse a string where another type is asked for, nor a rule about several fields', () => {
      assert.deepEqual(codes(schema, { ...pending, count: '{{secret:value:n}}' }), ['/count type.invalid'])
      const match = { path: '/a', pathPrefix: '{{secret:value:p}}' }
      assert.deepEqual(codes(Route, { id: 'r', match, directResponse: { status: 200 } }), [
        '/match/pathPrefix exclusive.fields',
      ])
    })

    test('leave the defaults of everything else in the value', () => {
      const sent = {
        id: 'r',
        forward: { destinations: [{ destinationId: 'd' }], timeouts: { request: '{{secret:value:t}}' } },
      }
      const { value } = checkEntity(Route, sent, about)
      assert.equal(value?.forward?.timeouts.request, '{{secret:value:t}}')
      assert.equal(value?.forward?.timeouts.queue, '5s')
    })

    test('their values are not quoted in messages or suggestions', () => {
      const { problems } = checkEntity(schema, { ...pending, wait: 'hush 5', mode: 'c' }, about, {
        references: 'resolved',
        isSecret: (pointer) => pointer === '/wait',
      })
      assert.deepEqual(problems[0], {
        entity: about,
        pointer: '/wait',
        message: 'the value of the secret is not valid here',
        severity: 'error',
        code: 'duration.invalid',
      })
      assert.match(problems[1]?.message ?? '', /"c" is not known here/)
    })
  })

  test('very many problems are cut off, one beyond what an answer lists', () => {
    const value = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`k${index}`, 1]))
    assert.equal(checkEntity(z.strictObject({}), value, about).problems.length, maxProblems + 1)
    const list = Array.from({ length: 5000 }, () => 'x')
    assert.equal(checkEntity(z.array(z.number()), list, about).problems.length, maxProblems + 1)
  })

  test('long texts are cut in messages', () => {
    const { problems } = checkEntity(duration(), 'x'.repeat(10_000), about)
    assert.ok((problems[0]?.message.length ?? 0) < 120)
  })

  const sentences: readonly (readonly [z.ZodType, unknown, string])[] = [
    [z.string(), 1, 'expected a string, got a number'],
    [z.number(), 'x', 'expected a number, got a string'],
    [z.number(), Number.POSITIVE_INFINITY, 'expected a number, got a number that is too large'],
    [z.int(), 1.5, 'expected a whole number'],
    [z.boolean(), [], 'expected true or false, got a list'],
    [z.array(z.string()), {}, 'expected a list, got an object'],
    [z.strictObject({}), null, 'expected an object, got null'],
    [z.record(z.string(), z.string()), [], 'expected an object, got a list'],
    [z.strictObject({ a: z.string() }), {}, 'this field is required'],
    [z.number().min(2), 1, 'must be at least 2'],
    [z.number().positive(), 0, 'must be greater than 0'],
    [z.number().max(2), 3, 'must be at most 2'],
    [z.number().lt(2), 2, 'must be less than 2'],
    [z.int(), 2 ** 60, 'must be at most 9007199254740991'],
    [z.string().min(1), '', 'must not be empty'],
    [z.string().min(3), 'a', 'must have at least 3 characters'],
    [z.string().max(1), 'ab', 'must have at most 1 characters'],
    [z.array(z.string()).min(1), [], 'must not be empty'],
    [z.array(z.string()).min(2), [], 'must have at least 2 entries'],
    [z.array(z.string()).max(0), ['a'], 'must have at most 0 entries'],
    [z.enum(['a', 'b']), 'c', '"c" is not known here: must be one of "a", "b"'],
    [z.enum(['a', 'b']), 5, 'must be one of "a", "b"'],
    [z.literal(1), 2, 'must be 1'],
  ]
  for (const [schema, value, sentence] of sentences)
    test(`says "${sentence}"`, () => {
      assert.deepEqual(
        checkEntity(schema, value, about).problems.map((problem) => problem.message),
        [sentence],
      )
    })
})
