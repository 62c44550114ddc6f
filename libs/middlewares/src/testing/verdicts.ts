import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkEntity } from '@vrata/model'
import { Middleware } from '../middleware.ts'
import type { MiddlewareType } from '../registry.ts'

/** Settings, and what is wrong with them: pointers into the settings with codes. No problems = they are accepted. */
export type Row = readonly [settings: unknown, ...problems: readonly string[]]

/** One test for each row: a middleware of the type with these settings has exactly these problems. */
export function verdicts(type: MiddlewareType, rows: readonly Row[]): void {
  for (const [settings, ...problems] of rows)
    test(`${JSON.stringify(settings).slice(0, 100)} ${problems.length === 0 ? 'is accepted' : 'is refused'}`, () => {
      assert.deepEqual(problemsOf(type, settings), problems)
    })
}

/** Pointers into the settings, each with its code. */
export function problemsOf(type: MiddlewareType, settings: unknown): string[] {
  const { problems } = checkEntity(Middleware, { id: 'm', type, [type]: settings }, { kind: 'middleware' })
  return problems.map(({ pointer, code }) => `${pointer.replace(`/${type}`, '')} ${code}`)
}

/** The settings with their defaults filled in. */
export function defaultsOf<T extends MiddlewareType>(type: T, settings: unknown): unknown {
  const { value, problems } = checkEntity(Middleware, { id: 'm', type, [type]: settings }, { kind: 'middleware' })
  assert.deepEqual(problems, [])
  return value && Reflect.get(value, type)
}
