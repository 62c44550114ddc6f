import { countAt } from '../balancing/in-flight.ts'
import type { Exchange } from '../exchange.ts'
import { Failure } from '../failure/failure.ts'
import { answerFailure } from './answer-failure.ts'
import type { DestinationRuntime, EndpointRuntime, ForwardPlan } from './destination.ts'

/** What is done with a request once it is known where it goes. */
export type Send = (
  exchange: Exchange,
  plan: ForwardPlan,
  destination: DestinationRuntime,
  endpoint: EndpointRuntime,
) => void

/**
 * Chooses a destination, then one of its endpoints, notes both on the exchange, counts it there, and sends. All in one
 * turn, unless a session store or a name server has to be asked. When nothing can be sent to, the exchange is answered.
 */
export function chooseAndSend(exchange: Exchange, plan: ForwardPlan, send: Send): void {
  const index = plan.choose(exchange)
  if (typeof index === 'number') toDestination(exchange, plan, index, send)
  else later(exchange, plan, index, (found) => toDestination(exchange, plan, found, send))
}

function toDestination(exchange: Exchange, plan: ForwardPlan, index: number, send: Send): void {
  const destination = plan.destinations[index]
  if (destination === undefined) {
    answerFailure(exchange, new Failure('no_destination'))
    return
  }
  exchange.destinationId = destination.id
  const endpoint = destination.choose(exchange)
  if (!(endpoint instanceof Promise)) toEndpoint(exchange, plan, destination, endpoint, send)
  else later(exchange, plan, endpoint, (found) => toEndpoint(exchange, plan, destination, found, send))
}

function toEndpoint(
  exchange: Exchange,
  plan: ForwardPlan,
  destination: DestinationRuntime,
  endpoint: EndpointRuntime | Failure,
  send: Send,
): void {
  if (endpoint instanceof Failure) {
    answerFailure(exchange, endpoint)
    return
  }
  exchange.endpointAddress = endpoint.address
  countAt(exchange, endpoint.inFlight)
  send(exchange, plan, destination, endpoint)
}

/** Goes on when something was found out, unless the client has left meanwhile. */
async function later<T>(
  exchange: Exchange,
  plan: ForwardPlan,
  found: Promise<T>,
  proceed: (found: T) => void,
): Promise<void> {
  try {
    const value = await found
    if (!exchange.downstream.closed) proceed(value)
  } catch (thrown) {
    plan.onMistake(thrown)
    answerFailure(exchange, new Failure('internal_error', {}, thrown))
  }
}
