import type { Predicate, RequestFacts } from '@vrata/cel'
import { type Attachment, attachments } from './chain.ts'
import { evaluate, type Verdict, verdict } from './conditions.ts'
import type { ChainLink, RouteEntry } from './entry.ts'

/** One middleware of a route and what becomes of it for a request. */
export interface ExplainedLink {
  readonly middlewareId: string
  readonly from: 'group' | 'route'
  readonly runs: boolean
  /** One sentence without its full stop. */
  readonly because: string
  /** Each of its conditions by itself; none when it is disabled. */
  readonly conditions: readonly ExplainedCondition[]
}

/** One condition of a middleware on a route. */
export interface ExplainedCondition {
  readonly list: 'skipWhen' | 'onlyWhen'
  /** Its place in that list. */
  readonly at: number
  readonly expression: string
  readonly result: boolean | 'error'
  /** Why it could not be evaluated. */
  readonly error?: string
}

/** All middlewares of an entry in their order, disabled ones too, with what their conditions say about a request. */
export function explainChain(entry: RouteEntry, facts: RequestFacts): readonly ExplainedLink[] {
  const links = new Map(entry.chain.map((link) => [link.middlewareId, link]))
  return attachments(entry.group, entry.route).map((attachment) =>
    explained(attachment, links.get(attachment.middlewareId), facts),
  )
}

function explained(
  { middlewareId, from, overrideFrom }: Attachment,
  link: ChainLink | undefined,
  facts: RequestFacts,
): ExplainedLink {
  if (link === undefined) {
    const because = `disabled by the ${overrideFrom}'s override`
    return { middlewareId, from, runs: false, because, conditions: [] }
  }
  const decided = verdict(link, facts)
  const conditions = [
    ...link.skipWhen.map((predicate, at) => condition('skipWhen', at, predicate, facts)),
    ...link.onlyWhen.map((predicate, at) => condition('onlyWhen', at, predicate, facts)),
  ]
  return { middlewareId, from, runs: decided.runs, because: sentence(decided), conditions }
}

function sentence(decided: Verdict): string {
  switch (decided.reason) {
    case 'unconditional':
      return 'it has no conditions'
    case 'notSkipped':
      return 'skipWhen: none is true'
    case 'skipWhen':
      return `skipWhen[${decided.at}] is true`
    case 'onlyWhen':
      return `onlyWhen[${decided.at}] is true`
    case 'onlyWhenFailed':
      return `onlyWhen[${decided.at}] cannot be evaluated`
    case 'noneOfOnlyWhen':
      return 'onlyWhen: none is true'
  }
}

function condition(
  list: ExplainedCondition['list'],
  at: number,
  predicate: Predicate,
  facts: RequestFacts,
): ExplainedCondition {
  const result = evaluate(predicate, facts)
  const about = { list, at, expression: predicate.source }
  return typeof result === 'boolean' ? { ...about, result } : { ...about, result: 'error', error: result.message }
}
