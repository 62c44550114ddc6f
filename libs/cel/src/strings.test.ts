import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { compileRequestValue, sampleFacts } from './index.ts'
import { inList } from './strings.ts'

describe('string functions', () => {
  const rows: readonly [source: string, value: unknown][] = [
    ['"tacocat".charAt(3)', 'o'],
    ['"tacocat".charAt(7)', ''],
    ['"tacocat".charAt(8)', 'error'],
    ['"a😀b".charAt(1)', '😀'],
    ['"a😀b".charAt(2)', 'b'],
    ['"tacocat".indexOf("ac")', 1n],
    ['"tacocat".indexOf("")', 0n],
    ['"tacocat".indexOf("none")', -1n],
    ['"tacocat".indexOf("a", 3)', 5n],
    ['"tacocat".indexOf("", 3)', 3n],
    ['"tacocat".indexOf("a", -1)', 'error'],
    ['"tacocat".indexOf("a", 40)', 'error'],
    ['"a😀b".indexOf("b")', 2n],
    ['"a😀b😀".indexOf("😀", 2)', 3n],
    ['"tacocat".lastIndexOf("at")', 5n],
    ['"tacocat".lastIndexOf("a", 4)', 1n],
    ['"tacocat".lastIndexOf("none")', -1n],
    ['"tacocat".lastIndexOf("")', 7n],
    ['"a😀b".lastIndexOf("b")', 2n],
    ['"tacocat".substring(4)', 'cat'],
    ['"tacocat".substring(0, 4)', 'taco'],
    ['"a😀b".substring(1, 2)', '😀'],
    ['"tacocat".substring(40)', 'error'],
    ['"tacocat".substring(-1)', 'error'],
    ['"tacocat".substring(4, 2)', 'error'],
    ['"hello hello hello".split(" ")', ['hello', 'hello', 'hello']],
    ['"hello hello hello".split(" ", 0)', []],
    ['"hello hello hello".split(" ", 1)', ['hello hello hello']],
    ['"hello hello hello".split(" ", 2)', ['hello', 'hello hello']],
    ['"hello hello hello".split(" ", -1)', ['hello', 'hello', 'hello']],
    ['"a😀".split("")', ['a', '😀']],
    ['"".split(",")', ['']],
    ['"hello hello".replace("he", "we")', 'wello wello'],
    ['"hello hello".replace("he", "we", -1)', 'wello wello'],
    ['"hello hello".replace("he", "we", 1)', 'wello hello'],
    ['"hello hello".replace("he", "we", 0)', 'hello hello'],
    ['"hello".replace("l", "$&$1")', 'he$&$1$&$1o'],
    ['"ab".replace("", "-")', '-a-b-'],
    ['"ab".replace("", "-", 2)', '-a-b'],
    ['["hello", "mellow"].join()', 'hellomellow'],
    ['["hello", "mellow"].join(" ")', 'hello mellow'],
    ['[].join("/")', ''],
    ['[dyn(1)].join("/")', 'error'],
    ['"TacoCÆt".lowerAscii()', 'tacocÆt'],
    ['"tacoCæt".upperAscii()', 'TACOCæT'],
    ['" \\ttrim\\n\\u00a0".trim()', 'trim'],
    ['"\\u200btrim".trim()', '\u200btrim'],
    ['"   ".trim()', ''],
    ['size("a😀é")', 3n],
    ['"a😀é".size()', 3n],
    ['size([1, 2])', 2n],
    ['{"a": 1}.size()', 1n],
    ['size(b"abc")', 3n],
    ['request.path.lowerAscii().split("/").map(part, part.size()).exists(n, n == 3)', true],
  ]
  for (const [source, value] of rows) {
    it(`${source} is ${typeof value === 'bigint' ? value : JSON.stringify(value)}`, () => {
      const expression = compileRequestValue(source)
      const evaluate = () => expression.evaluate({ facts: sampleFacts({ path: '/Foo' }) })
      if (value === 'error') assert.throws(evaluate, { name: 'CelEvaluationError' })
      else assert.deepEqual(evaluate(), value)
    })
  }
})

describe('in on a comma-separated list', () => {
  const rows: readonly [token: string, list: string, isMember: boolean][] = [
    ['admin', 'admin', true],
    ['admin', 'dev, admin', true],
    ['admin', 'dev ,\tadmin \t, ops', true],
    ['admin', 'superadmin', false],
    ['admin', 'admins', false],
    ['admin', 'Admin', false],
    ['admin', 'dev admin', false],
    ['admin', '', false],
    ['', '', false],
    ['', 'a,,b', false],
    [' ', ' ', false],
    ['a b', 'x, a b', true],
    ['a,b', 'a,b', false],
    ['admin', '\u00a0admin', false],
  ]
  for (const [token, list, isMember] of rows) {
    it(`${JSON.stringify(token)} is ${isMember ? '' : 'not '}in ${JSON.stringify(list)}`, () => {
      assert.equal(inList(token, list), isMember)
    })
  }

  it('is what splitting, trimming and comparing gives', () => {
    const unit = fc.constantFrom('a', 'b', ' ', '\t', ',', '\n')
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 3 }), fc.string({ unit, maxLength: 12 }), (token, list) => {
        const tokens = list.split(',').map((part) => part.replace(/^[ \t]+|[ \t]+$/g, ''))
        assert.equal(inList(token, list), token !== '' && tokens.includes(token))
      }),
      { numRuns: 3000 },
    )
  })

  it('leaves in on lists and maps as it was', () => {
    const facts = sampleFacts({ headers: { x: 'a' }, body: { list: ['a'], map: { a: 1 }, text: 'b, a' } })
    const rows: readonly [source: string, value: unknown][] = [
      ['"a" in ["a", "b"]', true],
      ['"a" in ["ab"]', false],
      ['"a" in {"a": 1}', true],
      ['request.headers["x"] in ["a", "b"]', true],
      ['"a" in request.body.json.list', true],
      ['"a" in request.body.json.map', true],
      ['"a" in request.body.json.text', true],
      ['dyn("a") in request.body.json.text', true],
    ]
    for (const [source, value] of rows) {
      assert.equal(compileRequestValue(source).evaluate({ facts }), value, source)
    }
  })
})
