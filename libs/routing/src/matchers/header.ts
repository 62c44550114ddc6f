import type { Regex } from '@vrata/regex'
import { costs, type Matcher } from './matcher.ts'
import { type ConfiguredValue, valueActual, valueExpected, valuePredicate, valueTest } from './value.ts'

/**
 * A header of the request is present, equals a value, or matches a regular expression somewhere. The name's case does
 * not matter; several lines of one name are joined by `, ` before they are compared.
 *
 * @throws {RegexError} from `compile`
 */
export function headerMatcher(configured: ConfiguredValue, compile: (pattern: string) => Regex): Matcher {
  const name = configured.name.toLowerCase()
  const test = valueTest(configured, compile)
  const holds = valuePredicate(test)
  return {
    predicate: 'header',
    cost: test.kind === 'search' ? costs.headerRegex : costs.header,
    expected: valueExpected(name, test),
    readsBody: false,
    test: (facts) => holds(facts.header(name)),
    actual: (facts) => valueActual(name, facts.header(name)),
  }
}
