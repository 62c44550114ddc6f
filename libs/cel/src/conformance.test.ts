import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { tests } from '@bufbuild/cel-spec/testdata/conformance.js'
import type { SerializedIncrementalTest, SerializedIncrementalTestSuite } from '@bufbuild/cel-spec/testdata/tests.js'
import { compile } from './compile.ts'
import { deviations, outOfScope } from './conformance-deviations.ts'
import { defaultLimits } from './limits.ts'
import { viewOf } from './request-view.ts'
import { sampleFacts } from './sample-facts.ts'

/*
 * The conformance tests of CEL. What is out of scope is named suite by suite; every other test either passes or is in
 * the list of deviations, and a deviation that has gone has to leave the list.
 */

interface Case {
  readonly name: string
  readonly expr: string
  readonly value?: Readonly<Record<string, unknown>>
  readonly evalError?: unknown
}

const request = viewOf(sampleFacts())
const deviating = new Set(Object.values(deviations).flat())

const sections = (tests.suites ?? []).flatMap((suite) =>
  (suite.suites ?? []).flatMap((section) => {
    const id = `${suite.name}/${section.name}`
    const cases = casesOf(section).filter(isUsable)
    return outOfScope.has(suite.name) || outOfScope.has(id) || cases.length === 0 ? [] : [{ id, cases }]
  }),
)

describe('conformance', () => {
  for (const { id, cases } of sections) {
    it(id, () => {
      const wrong = cases.filter((one) => passes(one) === deviating.has(`${id}/${one.name}`))
      assert.deepEqual(
        wrong.map(({ name, expr }) => `${id}/${name}: ${expr}`),
        [],
      )
    })
  }

  it('is documented: the score, every deviation, and what is out of scope', (t) => {
    const all = sections.flatMap(({ cases }) => cases)
    const score = `${all.filter(passes).length} of ${all.length}`
    t.diagnostic(`CEL conformance: ${score}`)
    const page = readFileSync(new URL('../../../docs/cel.md', import.meta.url), 'utf8')
    assert.ok(page.includes(`${score} tests pass`), `docs/cel.md does not say that ${score} tests pass`)
    const reasons = Object.entries(deviations).map(([reason, names]) => `| ${reason} | ${names.length} |`)
    for (const row of reasons) assert.ok(page.includes(row), `docs/cel.md misses the row: ${row}`)
    for (const name of outOfScope) assert.ok(page.includes(`\`${name}\``), `docs/cel.md misses ${name}`)
  })

  it('lists no deviation of a test that does not exist', () => {
    const all = (tests.suites ?? []).flatMap((suite) =>
      (suite.suites ?? []).flatMap((section) =>
        casesOf(section).map(({ name }) => `${suite.name}/${section.name}/${name}`),
      ),
    )
    assert.deepEqual(
      [...deviating].filter((id) => !all.includes(id)),
      [],
    )
  })
})

function casesOf(suite: SerializedIncrementalTestSuite): Case[] {
  const own = (suite.tests ?? []).map(({ original }: SerializedIncrementalTest) => original as unknown as Case)
  return [...own, ...(suite.suites ?? []).flatMap(casesOf)]
}

/** Not those that bring variables, types or options of their own, nor those about protocol buffer messages. */
function isUsable(one: Case): boolean {
  const needs = ['bindings', 'typeEnv', 'container', 'disableCheck', 'unknown', 'typedResult', 'checkOnly']
  return !needs.some((name) => name in one) && !/TestAllTypes|google\.protobuf\.\w+\{/.test(one.expr)
}

function passes(one: Case): boolean {
  try {
    const value = compile(one.expr, 'request', defaultLimits).run(request)
    return !one.evalError && isDeepStrictEqual(comparable(value), expected(one.value ?? { boolValue: true }))
  } catch {
    return one.evalError !== undefined
  }
}

/** What a test expects, in the form that `comparable` gives to ours. */
function expected(value: Readonly<Record<string, unknown>>): unknown {
  const [[kind = '', content] = []] = Object.entries(value)
  switch (kind) {
    case 'int64Value':
      return BigInt(String(content))
    case 'uint64Value':
      return `${content}u`
    case 'doubleValue':
      return Number(content)
    case 'bytesValue':
      return `bytes ${content}`
    case 'typeValue':
      return `type ${content}`
    case 'listValue':
      return entriesOf(content, 'values').map((one) => expected(one))
    case 'mapValue':
      return new Map(
        entriesOf(content, 'entries').map(({ key, value: member }) => [
          String(expected(Object(key))),
          expected(Object(member)),
        ]),
      )
    default:
      return content
  }
}

type Message = Readonly<Record<string, unknown>>

function entriesOf(content: unknown, name: string): readonly Message[] {
  const list: unknown = Reflect.get(Object(content), name)
  return Array.isArray(list) ? list : []
}

function comparable(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(comparable)
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('base64')}`
  const entries = value instanceof Map ? [...value] : Object.entries(value)
  if (value instanceof Map || Object.getPrototypeOf(value) === Object.prototype) {
    return new Map(entries.map(([name, member]) => [String(name), comparable(member)]))
  }
  return 'name' in value ? `type ${value.name}` : `${String(value)}u`
}
