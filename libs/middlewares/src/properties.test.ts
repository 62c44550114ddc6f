import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkEntity, jsonSchemas, parsePointer, valueAt } from '@vrata/model'
import fc from 'fast-check'
import { Middleware } from './middleware.ts'

type Form = Readonly<{ properties?: Readonly<Record<string, unknown>>; items?: unknown }>

const { oneOf } = jsonSchemas({ Middleware })['Middleware'] as { oneOf: Form[] }

const leaf = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom(
    'a',
    '/a',
    '1s',
    '-1s',
    '(',
    '*',
    'grpc',
    'true',
    'claims.a',
    '{{secret:value:x}}',
    '$'.concat('{x}'),
    0,
    1,
    403,
  ),
)

/** Values of about the shape that a JSON Schema describes, so that random settings get deep into it. */
function shaped(schema: Form): fc.Arbitrary<unknown> {
  if ('const' in schema) return fc.constant(schema.const)
  if (schema.items)
    return fc.oneof({ weight: 4, arbitrary: fc.array(shaped(schema.items as Form), { maxLength: 3 }) }, leaf)
  if (!schema.properties) return leaf
  const members = Object.entries(schema.properties).map(([name, inner]) => [name, shaped(inner as Form)] as const)
  return fc.oneof(
    {
      weight: 9,
      arbitrary: fc.record(Object.fromEntries(members), {
        requiredKeys: ['type'].filter((name) => name in (schema.properties ?? {})),
      }),
    },
    leaf,
  )
}

test('any JSON value given to a middleware has a verdict, and each problem points into it', () => {
  fc.assert(
    fc.property(fc.oneof(...oneOf.map(shaped)), (value) => {
      const checked = checkEntity(Middleware, value, { kind: 'middleware' })
      assert.equal(checked.value === undefined, checked.problems.length > 0)
      for (const { pointer } of checked.problems) {
        const path = parsePointer(pointer)
        assert.ok(path, `${pointer} is no pointer`)
        const parent = valueAt(value, path.slice(0, -1))
        assert.ok(path.length === 0 || (typeof parent === 'object' && parent !== null), `${pointer} leads nowhere`)
      }
    }),
    { numRuns: 1000 },
  )
})
