import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { CelEvaluationError, compilePredicate, parseJsonBody, sampleFacts } from './index.ts'
import { fromCel, toCel } from './json.ts'

describe('parseJsonBody', () => {
  const rows: readonly [text: string, value: unknown][] = [
    ['{"a":1}', { a: 1 }],
    ['9007199254740993', 9007199254740993n],
    ['[-9007199254740993, 1]', [-9007199254740993n, 1]],
    ['9007199254740993.5', 9007199254740994],
    ['1e400', Number.POSITIVE_INFINITY],
    ['"9007199254740993"', '9007199254740993'],
    ['{"a":9007199254740993,"a":2}', { a: 2 }],
    ['', undefined],
    ['{', undefined],
    ['nul', undefined],
  ]
  for (const [text, value] of rows) it(`of ${text}`, () => assert.deepEqual(parseJsonBody(text), value))
})

describe('toCel', () => {
  it('is undone by fromCel, apart from what numbers are called', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const plain = JSON.parse(JSON.stringify(value))
        const back = JSON.parse(
          JSON.stringify(fromCel(toCel(plain)), (_, one) => (typeof one === 'bigint' ? Number(one) : one)),
        )
        assert.deepEqual(back, plain)
      }),
    )
  })

  it('shows the engine no entry of an object, so that it names no type after what is inside', () => {
    const map = toCel({ a: [{ b: 1 }] })
    assert.ok(map instanceof Map)
    assert.equal(map.constructor, Map)
    assert.equal(map.entries().next().done, true)
    assert.deepEqual([...map.keys()], ['a'])
  })
})

describe('a body that is nested too deeply', () => {
  const nested = (levels: number) => ({
    body: '['.repeat(levels) + ']'.repeat(levels),
    headers: { 'content-type': 'application/json' },
  })
  it('is an error where it is used, and only there', () => {
    const predicate = compilePredicate('size(request.body.json) == 1')
    assert.equal(predicate.test(sampleFacts(nested(64))), true)
    assert.throws(() => predicate.test(sampleFacts(nested(65))), CelEvaluationError)
    assert.throws(() => predicate.test(sampleFacts(nested(30_000))), CelEvaluationError)
    assert.equal(compilePredicate('request.body.size > 0').test(sampleFacts(nested(30_000))), true)
  })
})
