import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  CelEvaluationError,
  compileClaimsPredicate,
  compileClaimsValue,
  compileIdentityPredicate,
  compileRequestValue,
  sampleFacts,
} from './index.ts'

const claims = {
  sub: 'u-1',
  role: 'admin',
  admin: true,
  exp: 1_700_000_300,
  level: 3,
  ratio: 2.5,
  r: ['a', 'b'],
  k: { k: 1 },
  none: null,
  orgs: [{ name: 'n1' }, { name: 'n2' }],
  'https://example.com/tenant': 't1',
}
const input = { claims, now: 1_700_000_000.9, facts: sampleFacts({ headers: { 'x-tenant': 't1' } }) }

describe('values made from claims', () => {
  const rows: readonly [source: string, value: unknown][] = [
    ['claims.sub', 'u-1'],
    ['claims.exp', 1_700_000_300n],
    ['claims.ratio', 2.5],
    ['claims.admin', true],
    ['claims.r', ['a', 'b']],
    ['claims.k', { k: 1n }],
    ['claims.none', null],
    ['claims.orgs.map(o, o.name).join(",")', 'n1,n2'],
    ['claims["https://example.com/tenant"]', 't1'],
    ['string(claims.exp)', '1700000300'],
    ['now', 1_700_000_000n],
    ['claims.exp - now', 300n],
    ['timestamp(now)', '2023-11-14T22:13:20Z'],
    ['duration("90s")', '90s'],
    ['{"a": [claims.level], "b": {"c": null}}', { a: [3n], b: { c: null } }],
    ['5u', 5n],
    ['type(claims.level)', 'int'],
    ['request.headers["x-tenant"]', 't1'],
    ['claims.role == "admin" ? "yes" : "no"', 'yes'],
  ]
  for (const [source, value] of rows) {
    it(`${source} gives ${typeof value === 'bigint' ? value : JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? `${one}` : one))}`, () => {
      assert.deepEqual(compileClaimsValue(source).evaluate(input), value)
    })
  }

  it('fails for claims that are not there', () => {
    assert.throws(() => compileClaimsValue('claims.missing').evaluate(input), CelEvaluationError)
    assert.throws(() => compileClaimsValue('claims.none.deeper').evaluate(input), CelEvaluationError)
  })

  it('refuses an expression whose value has no text', () => {
    assert.throws(() => compileClaimsValue('request'), /has to name a member, not the whole object/)
    assert.throws(() => compileRequestValue('jwt'), /has to name a member, not the whole object/)
  })
})

describe('assertions about claims', () => {
  const rows: readonly [source: string, expected: boolean | 'error'][] = [
    ['claims.role == "admin"', true],
    ['claims.role == "viewer"', false],
    ['claims.admin', true],
    ['claims.sub', 'error'],
    ['claims.level >= 3', true],
    ['claims.ratio >= 3', false],
    ['claims.exp > now', true],
    ['claims.missing == "x"', 'error'],
    ['has(claims.missing)', false],
    ['has(claims.role) && claims.role in ["admin", "ops"]', true],
    ['"b" in claims.r', true],
    ['claims["https://example.com/tenant"] == request.headers["x-tenant"]', true],
  ]
  for (const [source, expected] of rows) {
    it(`${source} is ${expected}`, () => {
      const predicate = compileClaimsPredicate(source)
      if (expected === 'error') assert.throws(() => predicate.test(input), CelEvaluationError)
      else assert.equal(predicate.test(input), expected)
    })
  }
})

describe('what is known after authentication', () => {
  const facts = sampleFacts({ path: '/t1/x', clientIp: '10.0.0.7' })
  const apiKey = { id: 'acme', metadata: { plan: 'gold', rate: 5 } }
  const rows: readonly [source: string, known: object, value: unknown][] = [
    ['jwt.claims.sub', { jwtClaims: claims }, 'u-1'],
    ['jwt.claims.sub', {}, 'error'],
    ['has(jwt.claims)', {}, false],
    ['has(jwt.claims.sub)', {}, false],
    ['has(jwt.claims.sub)', { jwtClaims: claims }, true],
    ['has(jwt.claims.nope)', { jwtClaims: claims }, false],
    ['apiKey.id', { apiKey }, 'acme'],
    ['apiKey.id', {}, 'error'],
    ['has(apiKey.id)', {}, false],
    ['has(apiKey.metadata.plan)', {}, false],
    ['apiKey.metadata.plan == "gold" && apiKey.metadata.rate > 4', { apiKey }, true],
    ['[request.clientIp, request.path]', {}, ['10.0.0.7', '/t1/x']],
  ]
  for (const [source, known, value] of rows) {
    it(`${source} gives ${JSON.stringify(value)} knowing ${Object.keys(known).join() || 'nothing'}`, () => {
      const evaluate = () => compileRequestValue(source).evaluate({ facts, ...known })
      if (value === 'error') assert.throws(evaluate, CelEvaluationError)
      else assert.deepEqual(evaluate(), value)
    })
  }

  it('serves predicates', () => {
    const predicate = compileIdentityPredicate('has(jwt.claims.role) && jwt.claims.role == "admin"')
    assert.equal(predicate.test({ facts, jwtClaims: claims }), true)
    assert.equal(predicate.test({ facts, jwtClaims: { role: 'viewer' } }), false)
    assert.equal(predicate.test({ facts }), false)
  })
})
