import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { jsonSteps } from './json-steps.ts'
import { atOnce } from './slices.ts'

const depths = fc.nat({ max: 4 })

/** What a reader makes of a text, or that it refuses it. */
function outcome(read: () => unknown): unknown {
  try {
    return { value: read() }
  } catch (thrown) {
    assert.ok(thrown instanceof SyntaxError)
    return 'refused'
  }
}

function assertAsParse(text: string, depth: number): void {
  assert.deepEqual(
    outcome(() => atOnce(jsonSteps(text, depth))),
    outcome(() => JSON.parse(text)),
    JSON.stringify(text),
  )
}

describe('JSON that is read in steps', () => {
  test('gives what JSON.parse gives, however it is laid out', () => {
    const layouts = fc.constantFrom(undefined, '\t', ' \r\n')
    fc.assert(
      fc.property(fc.jsonValue(), layouts, depths, (value, layout, depth) => {
        assertAsParse(JSON.stringify(value, undefined, layout), depth)
      }),
    )
  })

  test('is refused where JSON.parse refuses it, whatever is damaged', () => {
    const damage = fc.record({
      at: fc.nat(),
      taken: fc.nat({ max: 3 }),
      put: fc.constantFrom('', ...'{}[],:"\\ 1tx\n\u00a0'),
    })
    fc.assert(
      fc.property(fc.jsonValue(), damage, depths, (value, { at, taken, put }, depth) => {
        const text = JSON.stringify(value)
        const place = at % (text.length + 1)
        assertAsParse(text.slice(0, place) + put + text.slice(place + taken), depth)
      }),
      { numRuns: 1_000 },
    )
  })

  test('of brackets, commas and quotes alone is what JSON.parse takes it for', () => {
    const texts = fc.string({ unit: fc.constantFrom(...'{}[],:"\\ 1', '"a":'), maxLength: 12 })
    fc.assert(
      fc.property(texts, depths, (text, depth) => assertAsParse(text, depth)),
      { numRuns: 2_000 },
    )
  })

  const special = [
    '{"a":1,"b":2,"a":3}',
    '{"__proto__":{"a":1}}',
    '[{"__proto__":1}]',
    '"\\"]"',
    '["\\\\",1]',
    '',
    '[[1,],2]',
  ]
  for (const text of special) {
    test(`${text} is no exception`, () => {
      for (let depth = 0; depth < 4; depth++) assertAsParse(text, depth)
    })
  }

  test('is read one value at a step', () => {
    const seen: string[] = []
    const steps = jsonSteps('{"a":[{"b":[1,2]},3],"c":null}', 2, (text) => seen.push(text))
    const counts: number[] = []
    for (let step = steps.next(); !step.done; step = steps.next()) counts.push(seen.length)
    assert.deepEqual(seen, ['{"b":[1,2]}', '3', 'null'])
    assert.deepEqual(counts, [0, 1, 2])
  })
})
