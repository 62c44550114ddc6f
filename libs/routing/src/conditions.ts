import { CelEvaluationError, type Predicate, type RequestFacts } from '@vrata/cel'
import type { ChainLink } from './entry.ts'

/** Why a middleware of a chain runs for a request or not. `at` is the place of what decides, in its list. */
export type Verdict =
  | { readonly runs: true; readonly reason: 'unconditional' | 'notSkipped' }
  | { readonly runs: true; readonly reason: 'onlyWhen' | 'onlyWhenFailed'; readonly at: number }
  | { readonly runs: false; readonly reason: 'skipWhen'; readonly at: number }
  | { readonly runs: false; readonly reason: 'noneOfOnlyWhen' }

const unconditional: Verdict = { runs: true, reason: 'unconditional' }
const notSkipped: Verdict = { runs: true, reason: 'notSkipped' }
const noneOfOnlyWhen: Verdict = { runs: false, reason: 'noneOfOnlyWhen' }

/**
 * Whether a middleware runs for a request. Any `skipWhen` that is true skips it; with `onlyWhen` it runs when any of
 * them is true. What cannot be evaluated never takes a middleware out: such a `skipWhen` does not skip, and such an
 * `onlyWhen` lets it run unless another one is true anyway. Where an expression reads the body, it must have been asked
 * for before.
 */
export function verdict({ skipWhen, onlyWhen }: ChainLink, facts: RequestFacts): Verdict {
  for (const [at, predicate] of skipWhen.entries()) {
    if (evaluate(predicate, facts) === true) return { runs: false, reason: 'skipWhen', at }
  }
  if (onlyWhen.length === 0) return skipWhen.length === 0 ? unconditional : notSkipped
  let failed: number | undefined
  for (const [at, predicate] of onlyWhen.entries()) {
    const result = evaluate(predicate, facts)
    if (result === true) return { runs: true, reason: 'onlyWhen', at }
    if (result !== false) failed ??= at
  }
  return failed === undefined ? noneOfOnlyWhen : { runs: true, reason: 'onlyWhenFailed', at: failed }
}

/** The value of an expression, or why it has none. */
export function evaluate(predicate: Predicate, facts: RequestFacts): boolean | CelEvaluationError {
  try {
    return predicate.test(facts)
  } catch (thrown) {
    if (thrown instanceof CelEvaluationError) return thrown
    throw thrown
  }
}
