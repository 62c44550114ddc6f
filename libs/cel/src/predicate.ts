import { type Compiled, compile } from './compile.ts'
import { CelError, CelEvaluationError } from './errors.ts'
import type { ClaimsInput, RequestFacts, RequestInput } from './facts.ts'
import { fromCel } from './json.ts'
import { type CelLimits, defaultLimits } from './limits.ts'
import { ApiKeyView, claimsOf, JwtView, viewOf } from './request-view.ts'
import { membersOf, type Scope } from './schema.ts'

/** An expression that is true or false. */
export interface Predicate<In = RequestFacts> {
  readonly source: string
  /** it may ask for `request.body`: buffer first */
  readonly readsBody: boolean
  /**
   * Roughly how expensive a test is, for trying cheap ones first: the nodes of the expression, with something on top
   * for regular expressions, rounds of comprehensions and, most of all, the body.
   */
  readonly cost: number
  /** @throws {CelEvaluationError} also when the value is not a bool */
  test(input: In): boolean
}

/** An expression for its value. */
export interface ValueExpression<In> {
  readonly source: string
  readonly readsBody: boolean
  /**
   * The value as plain data: string, boolean, number (double), bigint (int, uint), null, bytes, arrays and objects of
   * these; timestamps and durations as text.
   * @throws {CelEvaluationError}
   */
  evaluate(input: In): unknown
}

/** Over `request`: route matches, conditions. @throws {CelError} */
export function compilePredicate(source: string, limits: CelLimits = defaultLimits): Predicate {
  return predicate(source, 'request', limits, viewOf)
}

/** Over `request`, `jwt.claims` and `apiKey`: authorisation after authentication. @throws {CelError} */
export function compileIdentityPredicate(source: string, limits: CelLimits = defaultLimits): Predicate<RequestInput> {
  return predicate(source, 'identity', limits, identityValues)
}

/** Over `claims`, `now` and `request`: assertions about a token. @throws {CelError} */
export function compileClaimsPredicate(source: string, limits: CelLimits = defaultLimits): Predicate<ClaimsInput> {
  return predicate(source, 'claims', limits, claimsValues)
}

/** Over `claims`, `now` and `request`: headers made from a token. @throws {CelError} */
export function compileClaimsValue(source: string, limits: CelLimits = defaultLimits): ValueExpression<ClaimsInput> {
  return valueExpression(source, 'claims', limits, claimsValues)
}

/** Over `request`, `jwt.claims` and `apiKey`: keys of rate limits. @throws {CelError} */
export function compileRequestValue(source: string, limits: CelLimits = defaultLimits): ValueExpression<RequestInput> {
  return valueExpression(source, 'identity', limits, identityValues)
}

function predicate<In>(source: string, scope: Scope, limits: CelLimits, values: (input: In) => object): Predicate<In> {
  const compiled: Compiled = compile(source, scope, limits)
  if (compiled.type !== 'bool' && !compiled.type.startsWith('dyn')) {
    throw new CelError(`the expression has to be true or false; it is of type ${compiled.type}`, source, 0)
  }
  const { run, readsBody, cost } = compiled
  const test = (input: In) => {
    const value = run(values(input))
    if (typeof value === 'boolean') return value
    throw new CelEvaluationError('the value of the expression is neither true nor false', 'type')
  }
  return { source, readsBody, cost, test }
}

function valueExpression<In>(
  source: string,
  scope: Scope,
  limits: CelLimits,
  values: (input: In) => object,
): ValueExpression<In> {
  const { run, readsBody, type } = compile(source, scope, limits)
  if (membersOf(type).length > 0)
    throw new CelError('the expression has to name a member, not the whole object', source, 0)
  return { source, readsBody, evaluate: (input) => fromCel(run(values(input))) }
}

function identityValues({ facts, jwtClaims, apiKey }: RequestInput): object {
  return { request: viewOf(facts), jwt: new JwtView(jwtClaims), apiKey: new ApiKeyView(apiKey) }
}

function claimsValues({ claims, now, facts }: ClaimsInput): object {
  return { request: viewOf(facts), claims: claimsOf(claims), now: BigInt(Math.floor(now)) }
}
