import type { CelEvaluationError, Predicate } from '@vrata/cel'
import { evaluate } from '../conditions.ts'
import { costs, type Matcher } from './matcher.ts'

/** An expression over the request is true. One that cannot be evaluated (a header that is not there) does not hold. */
export function celMatcher(predicate: Predicate): Matcher {
  return {
    predicate: 'cel',
    cost: costs.cel + predicate.cost,
    expected: predicate.source,
    readsBody: predicate.readsBody,
    test: (facts) => evaluate(predicate, facts) === true,
    actual: (facts) => describe(evaluate(predicate, facts)),
  }
}

function describe(result: boolean | CelEvaluationError): string {
  return typeof result === 'boolean' ? String(result) : `error: ${result.message}`
}
