import { CelEvaluationError, type Predicate, type RequestFacts } from '@vrata/cel'
import { costs, type Matcher } from './matcher.ts'

/** An expression over the request is true. One that cannot be evaluated (a header that is not there) does not hold. */
export function celMatcher(predicate: Predicate): Matcher {
  return {
    predicate: 'cel',
    cost: costs.cel + predicate.cost,
    expected: predicate.source,
    readsBody: predicate.readsBody,
    test: (facts) => outcome(predicate, facts) === true,
    actual: (facts) => String(outcome(predicate, facts)),
  }
}

function outcome(predicate: Predicate, facts: RequestFacts): boolean | string {
  try {
    return predicate.test(facts)
  } catch (thrown) {
    if (!(thrown instanceof CelEvaluationError)) throw thrown
    return `error: ${thrown.message}`
  }
}
