import type { Regex } from '@vrata/regex'
import { costs, type Matcher } from './matcher.ts'

/** The path matches a regular expression that is anchored at its start. */
export function pathRegexMatcher(regex: Regex): Matcher {
  return {
    predicate: 'path',
    cost: costs.path,
    expected: regex.source,
    readsBody: false,
    test: (facts) => regex.test(facts.path),
    actual: (facts) => facts.path,
  }
}
