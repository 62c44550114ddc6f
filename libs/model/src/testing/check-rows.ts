import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parsePointer } from '@vrata/notation'
import type { z } from 'zod'
import { type CheckOptions, checkEntity } from '../check-entity.ts'
import type { EntityRef } from '../entity-kinds.ts'

/** A change to a good entity: where, and what stands there then; undefined takes the member out. */
export type Change = readonly [pointer: string, value: unknown]

/** A change that makes the entity bad, the code of the one problem, and what else is known of it. */
export type BadRow = readonly [
  pointer: string,
  value: unknown,
  code: string,
  expected?: { readonly at?: string; readonly suggestion?: string; readonly message?: string },
]

/** One test for each change: the changed entity has no problems. */
export function accepts(schema: z.ZodType, base: unknown, rows: readonly Change[], options?: CheckOptions): void {
  for (const [pointer, value] of rows)
    test(`${show(pointer, value)} is accepted`, () => {
      assert.deepEqual(problemsOf(schema, changed(base, pointer, value), options), [])
    })
}

/** One test for each change: the changed entity has exactly the problem of the row. */
export function refuses(schema: z.ZodType, base: unknown, rows: readonly BadRow[], options?: CheckOptions): void {
  for (const [pointer, value, code, expected = {}] of rows)
    test(`${show(pointer, value)} is refused with ${code}`, () => {
      const found = problemsOf(schema, changed(base, pointer, value), options)
      assert.deepEqual(
        found.map((problem) => [problem.pointer, problem.code]),
        [[expected.at ?? pointer, code]],
      )
      if (expected.message !== undefined) assert.equal(found[0]?.message, expected.message)
      if (expected.suggestion !== undefined) assert.equal(found[0]?.suggestion, expected.suggestion)
    })
}

function problemsOf(schema: z.ZodType, value: unknown, options?: CheckOptions) {
  const about: EntityRef = { kind: 'config' }
  const { problems } = checkEntity(schema, value, about, options)
  return problems.map(({ entity: _, severity: __, ...rest }) => rest)
}

function show(pointer: string, value: unknown): string {
  return `${pointer} = ${(JSON.stringify(value) ?? 'nothing').slice(0, 80)}`
}

/** A copy of the value with one place changed; objects on the way there are made. */
export function changed(base: unknown, pointer: string, value: unknown): unknown {
  const path = parsePointer(pointer)
  assert.ok(path, `${pointer} is not a pointer`)
  const last = path.pop()
  if (last === undefined) return value
  const copy: unknown = structuredClone(base)
  let at = copy
  for (const step of path) {
    assert.ok(typeof at === 'object' && at !== null)
    if (!Object.hasOwn(at, step)) Reflect.set(at, step, {})
    at = Reflect.get(at, step)
  }
  assert.ok(typeof at === 'object' && at !== null)
  if (value === undefined) Reflect.deleteProperty(at, last)
  else Reflect.set(at, last, value)
  return copy
}
