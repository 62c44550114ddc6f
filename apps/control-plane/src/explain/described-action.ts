import { sharesOf } from '@vrata/balancers'
import type { Explanation } from '@vrata/model'
import type { RouteEntry } from '@vrata/routing'
import type { Action, ForwardAction } from '@vrata/snapshot'
import type { AdmittedRequest } from './admission.ts'
import { type Choice, choose } from './choice.ts'
import { type Discretion, hidden } from './discretion.ts'

type DescribedAction = NonNullable<Explanation['action']>
type Forwarding = Extract<DescribedAction, { kind: 'forward' }>

/** What an action is described from. */
export interface ActionContext {
  readonly entry: RouteEntry
  readonly request: AdmittedRequest
  readonly seed: number
  readonly discretion: Discretion
}

/** What a route does with a request: by the functions that proxies run. */
export function describeAction(action: Action, context: ActionContext): DescribedAction {
  const { entry, request, discretion } = context
  switch (action.kind) {
    case 'redirect': {
      const { status, location } = action.redirect(request.facts)
      return {
        kind: 'redirect',
        status,
        location: discretion.covers('route', entry.route.id, 'redirect') ? hidden : location,
      }
    }
    case 'directResponse': {
      const { status, headers, body } = action.response
      const secret = discretion.covers('route', entry.route.id, 'directResponse')
      const shown = headers.map(([name, value]) => [name, secret ? hidden : value])
      return { kind: 'directResponse', status, headers: Object.fromEntries(shown), bodyBytes: body.byteLength }
    }
    case 'forward':
      return describeForwarding(action, context)
  }
}

function describeForwarding(action: ForwardAction, context: ActionContext): Forwarding {
  const { entry, request, seed, discretion } = context
  const choice = choose(entry.route.id, action, request, seed)
  return {
    kind: 'forward',
    rewrite: rewritten(action, choice, context),
    destinations: shares(action),
    chosen: {
      destinationId: choice.destination.id,
      endpoint: coversAddress(choice, discretion) ? hidden : choice.endpoint,
      why: coversBalancing(entry, choice, discretion) ? hidden : choice.why,
      seed,
    },
  }
}

function rewritten(
  action: ForwardAction,
  choice: Choice,
  { entry, request, discretion }: ActionContext,
): Forwarding['rewrite'] {
  const { rewrite } = action
  const { facts, wirePath } = request
  const { host, port, options } = choice.destination
  const tls = options.tls !== undefined && options.tls.mode !== 'none'
  const unchanged = rewrite === undefined || entry.rewrite === undefined
  const target = unchanged ? { path: wirePath, query: facts.query } : rewrite.path(facts.path, facts.query)
  const sentHost = rewrite?.host(facts, { host, port, tls }) ?? facts.authority
  if (discretion.covers('route', entry.route.id, 'forward', 'rewrite'))
    return { path: hidden, query: hidden, host: hidden }
  const named = entry.route.forward?.rewrite?.autoHost === true && coversAddress(choice, discretion)
  return { ...target, host: named ? hidden : sentHost }
}

/** With one destination its weight does not count. */
function shares({ destinations }: ForwardAction): Forwarding['destinations'] {
  const parts = destinations.length === 1 ? [1] : sharesOf(destinations.map(({ weight }) => weight))
  const total = parts.reduce((sum, part) => sum + part, 0)
  return destinations.map(({ destination: { id, name } }, index) => ({ id, name, share: (parts[index] ?? 0) / total }))
}

function coversAddress({ destination: { id } }: Choice, discretion: Discretion): boolean {
  return discretion.covers('destination', id, 'host') || discretion.covers('destination', id, 'endpoints')
}

/** Reasons name hosts, headers and cookies. */
function coversBalancing(entry: RouteEntry, choice: Choice, discretion: Discretion): boolean {
  return (
    coversAddress(choice, discretion) ||
    discretion.covers('route', entry.route.id, 'forward', 'destinationBalancing') ||
    discretion.covers('destination', choice.destination.id, 'options', 'endpointBalancing')
  )
}
