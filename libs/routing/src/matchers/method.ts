import { costs, type Matcher } from './matcher.ts'

/** The request's method is one of these, which are in upper case. `GET` does not imply `HEAD`. */
export function methodMatcher(methods: readonly string[]): Matcher {
  return {
    predicate: 'method',
    cost: costs.method,
    expected: methods.join(', '),
    readsBody: false,
    test: (facts) => methods.includes(facts.method),
    actual: (facts) => facts.method,
  }
}
