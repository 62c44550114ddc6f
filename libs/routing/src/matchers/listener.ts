import { costs, type Matcher } from './matcher.ts'

/** The request came in on one of these listeners; an empty list holds for none. */
export function listenerMatcher(listenerIds: readonly string[]): Matcher {
  return {
    predicate: 'listener',
    cost: costs.listener,
    expected: listenerIds.join(', '),
    readsBody: false,
    test: (_facts, listenerId) => listenerIds.includes(listenerId),
    actual: (_facts, listenerId) => listenerId,
  }
}
