import type { ExplainRequest, Explanation } from '@vrata/model'
import { type ExplainedCandidate, type ExplainedLink, explain, type RouteEntry } from '@vrata/routing'
import type { CompiledSnapshot } from '@vrata/snapshot'
import { type AdmittedRequest, admit } from './admission.ts'
import { describeAction } from './described-action.ts'
import { Discretion, hidden } from './discretion.ts'
import type { ChosenListener } from './listener-choice.ts'
import type { Source } from './sources.ts'

/** What would become of a described request that comes in on a listener. `seed` decides what proxies leave to chance. */
export function explanationOf(
  sample: ExplainRequest,
  source: Source,
  { listener, real }: ChosenListener,
  seed: number,
): Explanation {
  const { kind, id, hash, compiled } = source
  const head = {
    source: { kind, id, hash },
    matched: false,
    listener: real ? { id: listener.id, name: listener.name } : null,
  }
  const none = { route: null, group: null, candidates: [], middlewares: [], action: null }
  const admission = admit(sample, listener)
  if (!admission.ok) return { ...head, refusal: admission.refusal, ...none }
  const { admitted } = admission
  const discretion = new Discretion(source.secretPointers)
  const { winner, candidates, omitted, chain } = explain(compiled.table, admitted.facts, listener.id)
  return {
    ...head,
    matched: winner !== undefined,
    request: seen(admitted),
    ...none,
    ...(winner === undefined ? {} : routeOf(winner)),
    candidates: candidates.map((one) => candidateOf(one, discretion)),
    ...(omitted === 0 ? {} : { omitted }),
    middlewares: chain.map((link) => linkOf(link, winner, compiled, discretion)),
    action: winner === undefined ? null : actionOf(winner, compiled, admitted, seed, discretion),
  }
}

function seen({ facts: { method, scheme, host, path, query, clientIp } }: AdmittedRequest) {
  return { method, scheme, host, path, query, clientIp }
}

interface Entity {
  readonly id: string
  readonly name: string
}

function named({ id, name }: Entity): Entity {
  return { id, name }
}

function routeOf({ route, group }: RouteEntry) {
  return { route: named(route), group: group === undefined ? null : named(group) }
}

function candidateOf(candidate: ExplainedCandidate, discretion: Discretion): Explanation['candidates'][number] {
  const { entry, result } = candidate
  const { route, group } = entry
  const about = { route: named(route), ...(group === undefined ? {} : { group: named(group) }), result }
  if (candidate.result !== 'rejected') return about
  const { predicate, expected, actual } = candidate.failed
  if (!coversMatch(entry, discretion)) return { ...about, failed: { predicate, expected, actual } }
  // Why an expression cannot be evaluated may quote it.
  const told = predicate === 'cel' && actual !== 'false' ? 'error' : actual
  return { ...about, failed: { predicate, expected: hidden, actual: told } }
}

const groupConditions = ['pathPrefix', 'pathRegex', 'hostnames', 'headers']

function coversMatch({ route, group }: RouteEntry, discretion: Discretion): boolean {
  if (discretion.covers('route', route.id, 'match')) return true
  return group !== undefined && groupConditions.some((member) => discretion.covers('group', group.id, member))
}

function linkOf(
  { middlewareId, from, runs, because, conditions }: ExplainedLink,
  winner: RouteEntry | undefined,
  { middlewares }: CompiledSnapshot,
  discretion: Discretion,
): Explanation['middlewares'][number] {
  const { name = '', type = '' } = middlewares.get(middlewareId) ?? {}
  const secret = winner !== undefined && coversConditions(winner, middlewareId, discretion)
  return {
    id: middlewareId,
    name,
    type,
    from,
    runs,
    because,
    conditions: conditions.map(({ list, at, expression, result, error }) => ({
      condition: `${list}[${at}]`,
      expression: secret ? hidden : expression,
      result: result === 'error' ? 'error' : result ? 'true' : 'false',
      ...(error === undefined ? {} : { error: secret ? hidden : error }),
    })),
  }
}

function coversConditions({ route, group }: RouteEntry, middlewareId: string, discretion: Discretion): boolean {
  const place = ['middlewareOverrides', middlewareId]
  if (discretion.covers('route', route.id, ...place)) return true
  return group !== undefined && discretion.covers('group', group.id, ...place)
}

function actionOf(
  entry: RouteEntry,
  { actions }: CompiledSnapshot,
  request: AdmittedRequest,
  seed: number,
  discretion: Discretion,
): Explanation['action'] {
  const action = actions[entry.index]
  return action === undefined ? null : describeAction(action, { entry, request, seed, discretion })
}
