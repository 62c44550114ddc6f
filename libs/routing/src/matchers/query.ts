import type { Regex } from '@vrata/regex'
import { costs, type Matcher } from './matcher.ts'
import { type ConfiguredValue, valueActual, valueExpected, valuePredicate, valueTest } from './value.ts'

/**
 * A query parameter (its first value, decoded as form data) is present, equals a value, or matches a regular expression
 * somewhere. The name's case matters.
 *
 * @throws {RegexError} from `compile`
 */
export function queryMatcher(configured: ConfiguredValue, compile: (pattern: string) => Regex): Matcher {
  const { name } = configured
  const test = valueTest(configured, compile)
  const holds = valuePredicate(test)
  return {
    predicate: 'query',
    cost: test.kind === 'search' ? costs.queryRegex : costs.query,
    expected: valueExpected(name, test),
    readsBody: false,
    test: (facts) => holds(facts.queryParams.get(name)),
    actual: (facts) => valueActual(name, facts.queryParams.get(name)),
  }
}
