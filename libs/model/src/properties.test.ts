import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parsePointer, valueAt } from '@vrata/notation'
import fc from 'fast-check'
import type { z } from 'zod'
import { checkEntity } from './check-entity.ts'
import { Destination } from './destination.ts'
import { Group } from './group.ts'
import { Listener } from './listener.ts'
import { Route } from './route.ts'
import { membersAt } from './schema-members.ts'
import { Secret } from './secret.ts'
import { Ack, Heartbeat } from './wire/fleet.ts'
import { SnapshotDocument } from './wire/snapshot-document.ts'

const schemas: readonly (readonly [string, z.ZodType])[] = Object.entries({
  Listener,
  Destination,
  Route,
  Group,
  Secret,
  SnapshotDocument,
  Ack,
  Heartbeat,
})

/** Objects whose members have names that the schema knows, most of the time, so that random values get deep. */
function shaped(schema: z.ZodType, path: readonly string[] = [], depth = 4): fc.Arbitrary<unknown> {
  const members = [...membersAt(schema, {}, path)]
  const leaf = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom('a', '/a', '1s', '-1s', '(', '{{secret:value:x}}', 0, 1, 100),
  )
  if (members.length === 0 || depth === 0) return leaf
  const model = Object.fromEntries(
    members.map((name) => {
      const inner = shaped(schema, [...path, name], depth - 1)
      const entry = shaped(schema, [...path, name, '0'], depth - 1)
      return [
        name,
        fc.oneof({ weight: 4, arbitrary: inner }, { weight: 2, arbitrary: fc.array(entry, { maxLength: 3 }) }, leaf),
      ]
    }),
  )
  return fc.oneof(
    { weight: 5, arbitrary: fc.record(model, { requiredKeys: [] }) },
    { weight: 1, arbitrary: fc.dictionary(fc.string(), leaf, { maxKeys: 3 }) },
    { weight: 1, arbitrary: leaf },
  )
}

/** A pointer is right when it leads to a value, or to a member that is missing in an object that is there. */
function assertLeadsInto(value: unknown, pointer: string): void {
  const path = parsePointer(pointer)
  assert.ok(path, `${pointer} is no pointer`)
  const parent = valueAt(value, path.slice(0, -1))
  const leads = path.length === 0 || (typeof parent === 'object' && parent !== null)
  assert.ok(leads, `${pointer} does not lead into ${JSON.stringify(value)}`)
}

for (const [name, schema] of schemas)
  describe(`any JSON value given to ${name}`, () => {
    test('has a verdict: a value without problems, or problems that point into it', () => {
      fc.assert(
        fc.property(fc.oneof(shaped(schema), fc.jsonValue()), (value) => {
          const checked = checkEntity(schema, value, { kind: 'config' })
          assert.equal(checked.value === undefined, checked.problems.length > 0)
          for (const problem of checked.problems) assertLeadsInto(value, problem.pointer)
        }),
        { numRuns: 300 },
      )
    })

    test('is not changed, and judged alike the second time', () => {
      fc.assert(
        fc.property(shaped(schema), (value) => {
          const before = JSON.stringify(value)
          const first = checkEntity(schema, value, { kind: 'config' })
          assert.equal(JSON.stringify(value), before)
          assert.deepEqual(checkEntity(schema, value, { kind: 'config' }), first)
        }),
        { numRuns: 100 },
      )
    })
  })
