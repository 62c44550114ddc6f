import type { Exchange } from '../exchange.ts'
import { Failure } from '../failure/failure.ts'
import type { DestinationRuntime, EndpointRuntime, ForwardPlan } from './destination.ts'

/** Where a request goes. */
export interface Choice {
  readonly destination: DestinationRuntime
  readonly endpoint: EndpointRuntime
}

/** Nothing takes an endpoint out yet: health, outliers and circuits will ask here. */
const usable = () => true

/** Chooses a destination by weight, then one of its endpoints, and notes both on the exchange. */
export function chooseEndpoint(exchange: Exchange, plan: ForwardPlan): Choice | Failure {
  const destination = plan.destinations[plan.pick(0, usable)]
  if (destination === undefined) return new Failure('no_destination')
  exchange.destinationId = destination.id
  const endpoint = destination.endpoints[destination.pick(0, usable)]
  if (endpoint === undefined) return new Failure('no_endpoint')
  exchange.endpointAddress = endpoint.address
  return { destination, endpoint }
}
