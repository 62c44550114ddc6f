import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CelEvaluationError, compilePredicate, sampleFacts } from './index.ts'

const test = (source: string, headers: Record<string, string>) =>
  compilePredicate(source).test(sampleFacts({ headers }))

describe('matches', () => {
  const rows: readonly [source: string, headers: Record<string, string>, expected: boolean][] = [
    ['request.headers["t"].matches("[0-9]+")', { t: 'a1' }, true],
    ['request.headers["t"].matches("^[0-9]+$")', { t: 'a1' }, false],
    ['matches(request.headers["t"], "^a")', { t: 'a1' }, true],
    ['request.headers["t"].matches(r"^\\d$")', { t: '1' }, true],
    ['request.headers["t"].matches("^(a+)+$")', { t: `${'a'.repeat(40)}!` }, false],
    ['request.headers["t"].matches("^\\"\\n\\\\\\\\$")', { t: '"\n\\' }, true],
    ['request.headers["t"].matches(request.headers["p"])', { t: 'abc', p: '^a.c$' }, true],
    ['request.headers["t"].matches("^" + "a")', { t: 'abc' }, true],
    ['matches(request.headers["t"], request.headers["p"])', { t: 'abc', p: 'x' }, false],
    ['["^a", "c$"].all(p, request.headers["t"].matches(p))', { t: 'abc' }, true],
    ['dyn(request.headers["t"]).matches("b")', { t: 'abc' }, true],
  ]
  for (const [source, headers, expected] of rows) {
    it(`${source} is ${expected} for ${JSON.stringify(headers)}`, () => assert.equal(test(source, headers), expected))
  }

  const failures: readonly [name: string, source: string, headers: Record<string, string>][] = [
    ['a pattern of a request that does not compile', '"a".matches(request.headers["p"])', { p: 'a(' }],
    ['look-around', '"a".matches(request.headers["p"])', { p: '(?=a)' }],
    ['a pattern of a request that is too long', '"a".matches(request.headers["p"])', { p: 'a'.repeat(1025) }],
    ['a pattern of a request that counts too far', '"a".matches(request.headers["p"])', { p: '(a{200}b{57})' }],
    ['a text that is none', 'dyn(1).matches("a")', {}],
    ['a pattern that is none', '"a".matches(dyn(1))', {}],
  ]
  for (const [name, source, headers] of failures) {
    it(`fails on ${name}`, () => assert.throws(() => test(source, headers), CelEvaluationError))
  }

  it('takes patterns of requests up to their bound, again and again', () => {
    for (let round = 0; round < 100; round++) {
      assert.equal(test('"a".matches(request.headers["p"])', { p: `a|${round}` }), true)
    }
    assert.equal(test('"a".matches(request.headers["p"])', { p: 'a'.repeat(1024) }), false)
    assert.equal(test('"a".matches(request.headers["p"])', { p: '^a{1}$' }), true)
  })
})
