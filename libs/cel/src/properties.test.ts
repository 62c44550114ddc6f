import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { compile } from './compile.ts'
import { engineFor } from './engine.ts'
import {
  CelError,
  CelEvaluationError,
  compilePredicate,
  defaultLimits,
  type RequestFacts,
  sampleFacts,
} from './index.ts'
import { viewOf } from './request-view.ts'

const words = [
  ...'request path headers body json tls claims size has all exists map filter matches split in true false null'.split(
    ' ',
  ),
  ...'. , ( ) [ ] { } ? : == != < <= > >= && || ! + - * / % 0 1 2u 1.5 "a" "a(" b"x" x //'.split(' '),
  '\n',
  '"/api"',
  'request.',
  'request.path',
  'request.headers["x"]',
  '.matches(',
  '.all(x, ',
  '.map(x, ',
]

/** Expressions that are well-formed and mostly well-typed, by the type of their value. */
const written = fc.letrec<Record<'bool' | 'int' | 'text' | 'list' | 'dyn', string>>((tie) => {
  const join = (...parts: (string | fc.Arbitrary<string>)[]) =>
    fc.tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part))).map((all) => all.join(''))
  const pick = fc.constantFrom
  const depth = { maxDepth: 4, depthSize: 'small' } as const
  return {
    bool: fc.oneof(
      depth,
      pick('true', 'false', 'has(request.headers.x)', 'has(request.body)', '"a" in request.headers'),
      join('(', tie('bool'), pick(' && ', ' || ', ' == '), tie('bool'), ')'),
      join('!', tie('bool')),
      join('!!(', tie('bool'), ')'),
      join(tie('int'), pick(' < ', ' <= ', ' > ', ' >= ', ' == ', ' != '), tie('int')),
      join(tie('text'), pick(' < ', ' == ', ' != ', ' in '), tie('text')),
      join('(', tie('text'), pick(').startsWith(', ').endsWith(', ').contains('), tie('text'), ')'),
      join(tie('int'), ' in ', tie('list')),
      join(tie('list'), pick(' == ', ' != '), tie('list')),
      join(tie('dyn'), pick(' == ', ' != ', ' < '), fc.oneof(tie('int'), tie('text'), tie('dyn'))),
      join('(', tie('list'), pick(').all(x, ', ').exists(x, ', ').exists_one(x, '), 'x % 3 != ', tie('int'), ')'),
      join('(', tie('list'), ').exists(x, x > 1 ? ', tie('bool'), ' : x == 0)'),
      join('(', tie('bool'), ' ? ', tie('bool'), ' : ', tie('bool'), ')'),
      join('{"a": ', tie('int'), '}["a"] == ', tie('int')),
    ),
    int: fc.oneof(
      depth,
      pick('0', '1', '2', '-3', '9223372036854775807', '-9223372036854775808', '0x1F', '- 1'),
      join('(', tie('int'), pick(' + ', ' - ', ' * ', ' / ', ' % '), tie('int'), ')'),
      join(tie('int'), pick(' - ', ' + '), '(', tie('int'), pick(' - ', ' + '), tie('int'), ')'),
      join('-(', tie('int'), ')'),
      join('(', tie('list'), ')[', tie('int'), ']'),
      join('size(', fc.oneof(tie('list'), tie('text')), ')'),
      join('(', tie('bool'), ' ? ', tie('int'), ' : ', tie('int'), ')'),
      join('int(', pick('1.7', '"12"', '"x"', '-0.5'), ')'),
    ),
    text: fc.oneof(
      depth,
      pick('""', '"a"', "'/api'", '"\\n\\"\\\\"', '"""a"b"""', 'r"\\d"', '"\\u00e9"', 'request.path', 'request.method'),
      pick('request.headers["a"]', 'request.headers["x"]', 'request.queryParams.q', 'request.body.raw'),
      join('(', tie('text'), ' + ', tie('text'), ')'),
      join('string(', tie('int'), ')'),
      join('(', tie('bool'), ' ? ', tie('text'), ' : ', tie('text'), ')'),
    ),
    list: fc.oneof(
      depth,
      pick('[1]', '[1, 2, 3]', '[3, 2, 1, 0]'),
      join('[', tie('int'), ', ', tie('int'), ']'),
      join('(', tie('list'), ' + ', tie('list'), ')'),
      join('(', tie('list'), ').map(x, x + ', tie('int'), ')'),
      join('(', tie('list'), ').filter(x, x != ', tie('int'), ')'),
      join('(', tie('list'), ').map(x, x > ', tie('int'), ', x * 2)'),
    ),
    dyn: fc.oneof(
      depth,
      pick('request.body.json', 'request.body.json.a', 'request.body.json.b["c"]', 'dyn(1)', 'dyn("a")', 'dyn([1])'),
      join(tie('dyn'), '.a'),
      join(tie('dyn'), '[', tie('int'), ']'),
      join('dyn(', fc.oneof(tie('int'), tie('text'), tie('list')), ')'),
    ),
  }
})

const requests: fc.Arbitrary<RequestFacts> = fc
  .record(
    {
      method: fc.constantFrom('GET', 'DELETE', 'a'),
      path: fc.constantFrom('/', '/api', '/api/%61', '/a?q=1'),
      headers: fc.dictionary(fc.constantFrom('a', 'x', 'b'), fc.constantFrom('a', '', '/api', 'b, a')),
      body: fc.oneof(fc.jsonValue(), fc.record({ a: fc.jsonValue(), b: fc.record({ c: fc.integer() }) })),
    },
    { requiredKeys: [] },
  )
  .map(sampleFacts)

/** Time enough for any machine. */
const limits = { ...defaultLimits, depth: 60, nodes: 5000, milliseconds: 60_000, comprehensionDepth: 20 }

function valueOr(run: () => unknown): unknown {
  try {
    return run()
  } catch {
    return 'error'
  }
}

describe('compilePredicate', () => {
  it('throws nothing but CelError, whatever it is given', () => {
    const noise = fc.oneof(
      fc.array(fc.constantFrom(...words), { maxLength: 25 }).map((all) => all.join(' ')),
      fc.array(fc.constantFrom(...words), { maxLength: 25 }).map((all) => all.join('')),
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.tuple(written.bool, fc.nat(), fc.constantFrom(...words)).map(([source, at, word]) => {
        const cut = at % (source.length + 1)
        return source.slice(0, cut) + word + source.slice(cut)
      }),
    )
    fc.assert(
      fc.property(noise, (source) => {
        try {
          compilePredicate(source)
        } catch (thrown) {
          assert.ok(thrown instanceof CelError, `${source}: ${thrown}`)
          assert.ok(thrown.position === undefined || (thrown.position >= 0 && thrown.position <= source.length))
        }
      }),
      { numRuns: 2500 },
    )
  })

  it('makes predicates that say true or false or throw CelEvaluationError', () => {
    const said = { true: 0, false: 0, error: 0 }
    fc.assert(
      fc.property(written.bool, requests, (source, facts) => {
        const predicate = valueOr(() => compilePredicate(source, limits))
        if (predicate === 'error') return
        try {
          const value = (predicate as ReturnType<typeof compilePredicate>).test(facts)
          said[`${value}`]++
        } catch (thrown) {
          assert.ok(thrown instanceof CelEvaluationError, `${source}: ${thrown}`)
          said.error++
        }
      }),
      { numRuns: 2000 },
    )
    for (const [outcome, count] of Object.entries(said)) assert.ok(count > 200, `${outcome}: ${count}`)
  })
})

describe('an expression rewritten', () => {
  it('has the value of the expression as it was written', () => {
    const { written: engine } = engineFor('request')
    let compared = 0
    fc.assert(
      fc.property(fc.oneof(...Object.values(written)), requests, (source, facts) => {
        const original = engine.parse(source)
        if (!original.check().valid) return
        const compiled = valueOr(() => compile(source, 'request', limits)) as ReturnType<typeof compile>
        assert.notEqual(compiled, 'error', source)
        const before = valueOr(() => original(viewOf(facts)))
        const after = valueOr(() => compiled.run(viewOf(facts)))
        assert.ok(isDeepStrictEqual(after, before), `${source}: ${String(after)}, not ${String(before)}`)
        if (before !== 'error') compared++
      }),
      { numRuns: 2500 },
    )
    assert.ok(compared > 500)
  })
})
