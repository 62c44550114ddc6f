import type { PathTest } from '../simple-expression.ts'
import { costs, type Matcher } from './matcher.ts'

/** The path matches a regular expression that is anchored at its start. */
export function pathRegexMatcher({ source, test }: { readonly source: string; readonly test: PathTest }): Matcher {
  return {
    predicate: 'path',
    cost: costs.path,
    expected: source,
    readsBody: false,
    test: (facts) => test(facts.path),
    actual: (facts) => facts.path,
  }
}
