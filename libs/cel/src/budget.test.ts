import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type CelEvaluationError, compilePredicate, compileRequestValue, defaultLimits, sampleFacts } from './index.ts'

const list = (length: number) => Array.from({ length }, (_, index) => index)
const isLimit = (thrown: unknown) => (thrown as CelEvaluationError).failure === 'limit'
/** Time enough for any machine: what is tested is the count of steps. */
const patient = { ...defaultLimits, milliseconds: 60_000 }
const body = { list: list(2000), text: 'x'.repeat(60_000), rows: list(300).map(() => list(300)) }
const facts = sampleFacts({ body, bodyLimit: 1e7 })

describe('an evaluation that needs too many steps fails', () => {
  const rows: readonly [name: string, source: string][] = [
    ['all', 'request.body.json.list.all(x, request.body.json.list.all(y, x + y >= 0))'],
    ['exists', 'request.body.json.list.exists(x, request.body.json.list.exists(y, x + y < 0))'],
    ['exists_one', 'request.body.json.list.exists_one(x, request.body.json.list.exists_one(y, x + y < 0))'],
    ['filter', 'size(request.body.json.list.filter(x, size(request.body.json.list.filter(y, x == y)) == 1)) > 0'],
    ['map', 'size(request.body.json.list.map(x, request.body.json.list.map(y, x + y))) > 0'],
    ['map with a condition', 'size(request.body.json.list.map(x, x > 0, request.body.json.list.map(y, x + y))) > 0'],
    ['a list that is long by itself', 'request.body.json.rows.all(row, row.all(x, x >= 0))'],
    [
      'a map',
      'request.body.json.list.all(x, request.body.json.all(k, k != "" && x + 1 > 0 && x + 2 > 0 && x + 3 > 0))',
    ],
    ['lists that double', `size([[1]]${'.map(x, x + x)'.repeat(26)}[0]) > 0`],
    ['texts that double', `size(["0123456789"]${'.map(x, x + x)'.repeat(28)}[0]) > 0`],
    ['bytes that double', `size([b"0123456789"]${'.map(x, x + x)'.repeat(28)}[0]) > 0`],
    ['replace that multiplies', 'size(request.body.json.text.replace("x", request.body.json.text)) > 0'],
    ['replace between letters', 'size(request.body.json.text.replace("", request.body.json.text)) > 0'],
    ['split into letters', 'size(request.body.json.text.split("")) > 0'],
    ['join', 'request.body.json.list.map(x, request.body.json.text).join("") != ""'],
    ['matches on much text', 'request.body.json.list.all(x, !request.body.json.text.matches("a$"))'],
  ]
  for (const [name, source] of rows) {
    it(name, () => assert.throws(() => compilePredicate(source, patient).test(facts), isLimit))
  }

  it('and nothing can absorb the failure', () => {
    const endless = 'request.body.json.list.all(x, request.body.json.list.all(y, x + y >= 0))'
    for (const source of [
      `${endless} || true`,
      `true || ${endless}`,
      `!(${endless}) && false`,
      `[1].exists(x, ${endless.replaceAll('x', 'z')} || true)`,
    ]) {
      const predicate = compilePredicate(source, { ...patient, comprehensionDepth: 3 })
      if (source.startsWith('true ||')) assert.equal(predicate.test(facts), true)
      else assert.throws(() => predicate.test(facts), isLimit, source)
    }
  })

  it('but the next evaluation has a whole budget again', () => {
    const predicate = compilePredicate('request.body.json.list.all(x, x >= 0)', patient)
    for (let round = 0; round < 20; round++) assert.equal(predicate.test(facts), true)
    assert.throws(
      () => compilePredicate('request.body.json.rows.all(r, r.all(x, x >= 0))', patient).test(facts),
      isLimit,
    )
    assert.equal(predicate.test(facts), true)
  })

  it('values too', () => {
    const expression = compileRequestValue('request.body.json.rows.map(row, row.map(x, x + 1))', patient)
    assert.throws(() => expression.evaluate({ facts }), isLimit)
  })
})

describe('the number of steps', () => {
  it('is rounds times the nodes of a round', () => {
    const limits = { ...patient, steps: 300 }
    const of = (length: number) => sampleFacts({ body: list(length) })
    const predicate = compilePredicate('request.body.json.all(x, x >= 0)', limits)
    assert.equal(predicate.test(of(100)), true)
    assert.throws(() => predicate.test(of(101)), isLimit)
  })

  it('is not charged for what a comprehension never reaches', () => {
    const limits = { ...patient, steps: 300 }
    assert.equal(compilePredicate('false && request.body.json.list.all(x, x >= 0)', limits).test(facts), false)
  })
})

describe('an evaluation that takes too long fails', () => {
  it('when the clock says so', (context) => {
    let now = 0
    context.mock.method(performance, 'now', () => (now += 1))
    const predicate = compilePredicate('request.body.json.list.all(x, x >= 0)', { ...defaultLimits, milliseconds: 100 })
    assert.throws(() => predicate.test(facts), isLimit)
    assert.ok(now < 200)
    assert.equal(predicate.test(sampleFacts({ body: { list: list(700) } })), true)
  })

  it('also between searches in large texts, without a comprehension', (context) => {
    let now = 0
    context.mock.method(performance, 'now', () => (now += 1))
    const source = Array.from({ length: 20 }, () => 'request.body.json.text.matches("a$")').join(' || ')
    const predicate = compilePredicate(source, { ...defaultLimits, milliseconds: 10 })
    assert.throws(() => predicate.test(facts), isLimit)
    assert.equal(compilePredicate(source, { ...defaultLimits, milliseconds: 30 }).test(facts), false)
  })
})

describe('stack traces', () => {
  it('are as long as before, after a value and after an error', () => {
    const before = Error.stackTraceLimit
    compilePredicate('request.method == "GET"').test(facts)
    assert.equal(Error.stackTraceLimit, before)
    assert.throws(() => compilePredicate('request.headers["none"] == ""').test(facts))
    assert.equal(Error.stackTraceLimit, before)
  })
})
