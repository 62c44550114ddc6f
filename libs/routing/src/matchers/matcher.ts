import type { RequestFacts } from '@vrata/cel'

/** What a condition of a route looks at, as explanations call it. Host and path are looked up and not tested one by one. */
export type PredicateName = 'listener' | 'method' | 'grpc' | 'header' | 'query' | 'path' | 'cel'

/**
 * One condition of a route that is left to be tested once host and path have been looked up. A route's conditions are
 * tested in ascending order of cost.
 */
export interface Matcher {
  readonly predicate: PredicateName
  /** How much a test costs, relative to the others. */
  readonly cost: number
  /** The condition as text. Two matchers of one predicate are the same condition exactly when these are equal. */
  readonly expected: string
  /** Whether `test` looks at the request's body, which may have to be buffered first. */
  readonly readsBody: boolean
  test(facts: RequestFacts, listenerId: string): boolean
  /** What the request has in the place that is tested, as text, for explanations. */
  actual(facts: RequestFacts, listenerId: string): string
}

/** The costs, in one place to be compared. */
export const costs = {
  listener: 1,
  method: 1,
  grpc: 2,
  header: 3,
  query: 5,
  path: 8,
  headerRegex: 10,
  queryRegex: 12,
  cel: 100,
}
