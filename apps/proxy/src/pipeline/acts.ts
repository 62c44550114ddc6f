import type { RouteEntry } from '@vrata/routing'
import type { Action, DirectResponseAction, ForwardAction, RedirectAction } from '@vrata/snapshot'
import { destinationBalancer } from '../balancing/destination-balancer.ts'
import type { Exchange } from '../exchange.ts'
import { Failure } from '../failure/failure.ts'
import { answerFailure, answerSelf } from '../forwarding/answer-failure.ts'
import type { DestinationRuntime, ForwardPlan } from '../forwarding/destination.ts'
import { forward } from '../forwarding/forwarding.ts'
import type { DestinationPorts } from './destinations.ts'

/** What is done with a request once its route is known; made once per route and activation. */
export type Act = (exchange: Exchange) => void

const nothing = Buffer.alloc(0)

/** Binds a compiled action to connections. A route with policies that cannot run is never served without them. */
export function actOf(
  entry: RouteEntry,
  action: Action | undefined,
  destinations: ReadonlyMap<string, DestinationRuntime>,
  ports: Pick<DestinationPorts, 'sessions' | 'timers' | 'onMistake'>,
): Act {
  if (entry.chain.length > 0) return failing('middleware_unavailable')
  switch (action?.kind) {
    case 'directResponse':
      return directResponse(action)
    case 'redirect':
      return redirect(action)
    case 'forward':
      return forwarding(entry, action, destinations, ports)
    default:
      return failing('internal_error')
  }
}

function failing(reason: 'middleware_unavailable' | 'internal_error'): Act {
  return (exchange) => answerFailure(exchange, new Failure(reason))
}

function directResponse({ response }: DirectResponseAction): Act {
  const { status, body } = response
  const bodiless = status === 204 || status === 304
  const headers = Object.freeze(response.headers.flat())
  return (exchange) => answerSelf(exchange, status, headers, bodiless ? nothing : body)
}

function redirect({ redirect: compiled }: RedirectAction): Act {
  return (exchange) => {
    const { status, location } = compiled(exchange)
    answerSelf(exchange, status, ['location', location, 'content-length', '0'], nothing)
  }
}

function forwarding(
  entry: RouteEntry,
  action: ForwardAction,
  destinations: ReadonlyMap<string, DestinationRuntime>,
  { sessions, timers, onMistake }: Pick<DestinationPorts, 'sessions' | 'timers' | 'onMistake'>,
): Act {
  const bound = action.destinations.flatMap(({ destination, weight }) => {
    const runtime = destinations.get(destination.id)
    return runtime === undefined ? [] : [{ runtime, weight }]
  })
  const { requestMs, idleMs, queueMs, includeBody, maxGrpcTimeoutMs } = action.timeouts
  const candidates = bound.map(({ runtime, weight }) => ({ id: runtime.id, weight, usable: () => runtime.usable }))
  const plan: ForwardPlan = {
    destinations: bound.map(({ runtime }) => runtime),
    choose: destinationBalancer(entry.route.id, candidates, action.balancing, sessions),
    rewrite: action.rewrite,
    rewritesPath: entry.rewrite !== undefined,
    requestLimit: requestMs ?? 0,
    idleLimit: idleMs ?? 0,
    queueLimit: queueMs ?? 0,
    includeBody,
    includeAttemptCount: entry.includeAttemptCount,
    maxGrpcTimeout: maxGrpcTimeoutMs ?? 0,
    timers,
    onMistake,
  }
  return (exchange) => forward(exchange, plan)
}
