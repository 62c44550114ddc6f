import { isIP } from 'node:net'
import {
  type ClientCookie,
  type DestinationPolicy,
  destinationPolicy,
  distinctEndpoints,
  type EndpointPolicy,
  endpointId,
  endpointPolicy,
  hashKey,
  hashValue,
  type Picker,
  type Random,
  seededRandom,
  sessionIdOf,
} from '@vrata/balancers'
import type { Destination } from '@vrata/model'
import type { ForwardAction } from '@vrata/snapshot'
import type { AdmittedRequest } from './admission.ts'
import { DescribedClient, describedClients } from './described-client.ts'

/** Where a request would go if every endpoint were healthy. */
export interface Choice {
  readonly destination: Destination
  /** `host:port` */
  readonly endpoint: string
  /** What decided, first about the destination, then about the endpoint. */
  readonly why: string
}

const usable = () => true

/**
 * Chooses as a proxy does, by the same policies. What a proxy draws, counts or keeps in mind is not known here: chance
 * and turns come from `seed`, nothing is in flight, and no client has a pin.
 */
export function choose(routeId: string, action: ForwardAction, request: AdmittedRequest, seed: number): Choice {
  const random = seededRandom(seed)
  const client = new DescribedClient(request, random)
  const { destinations, balancing } = action
  const candidates = destinations.map(({ destination, weight }) => ({ id: destination.id, weight }))
  const first = chooseDestination(destinationPolicy(balancing, candidates, routeId, random), client, seed)
  const destination = destinations[first.index]?.destination
  if (destination === undefined) throw new RangeError(`route ${routeId} has no destination ${first.index}`)
  const second = chooseEndpoint(destination, client, random, seed)
  return { destination, endpoint: second.endpoint, why: `${first.why}; ${second.why}` }
}

interface Step {
  readonly index: number
  readonly why: string
}

function chooseDestination(policy: DestinationPolicy, client: DescribedClient, seed: number): Step {
  switch (policy.by) {
    case 'only':
      return { index: 0, why: 'the only destination' }
    case 'chance':
      return { index: policy.pick(0, usable), why: `weighted random, seed ${seed}` }
    case 'session': {
      const key = hashKey(sessionOf(client, policy.cookie))
      return { index: policy.pick(key, usable), why: `weighted consistent hash of ${client.source}` }
    }
    case 'pin': {
      const key = hashKey(sessionOf(client, policy.sticky.cookie))
      return { index: policy.pick(key, usable), why: unpinned(client) }
    }
  }
}

function chooseEndpoint(destination: Destination, client: DescribedClient, random: Random, seed: number) {
  const { id: destinationId, host, port, options, endpoints: listed = [] } = destination
  const addresses = distinctEndpoints(listed.length > 0 ? listed : [{ host, port }])
  const endpoints = addresses.map(endpointId)
  const named = listed.length === 0 && isIP(host) === 0 && options.dns.mode === 'strict'
  if (named) return { endpoint: endpoints[0] ?? '', why: `an address of the name ${host}, which proxies look up` }
  const state = {
    counter: () => ({ next: seed % endpoints.length }),
    table: (_kind: string, _parts: unknown, make: () => Picker) => make(),
    random,
  }
  const policy = endpointPolicy(options.endpointBalancing, { destinationId, endpoints, load: () => 0 }, state)
  const { index, why } = byPolicy(policy, client, seed)
  return { endpoint: endpoints[index] ?? '', why }
}

function byPolicy(policy: EndpointPolicy, client: DescribedClient, seed: number): Step {
  switch (policy.by) {
    case 'only':
      return { index: 0, why: 'the only endpoint' }
    case 'turn':
      return { index: policy.pick(0, usable), why: `round robin, the turn by seed ${seed}` }
    case 'chance':
      return { index: policy.pick(0, usable), why: `random, seed ${seed}` }
    case 'load':
      return { index: policy.pick(0, usable), why: `least request with nothing in flight, seed ${seed}` }
    case 'hash': {
      const key = hashKey(hashValue(policy.policies, describedClients)(client))
      return { index: policy.pick(key, usable), why: `hash of ${client.source}` }
    }
    case 'pin': {
      const key = hashKey(sessionOf(client, policy.sticky.cookie))
      return { index: policy.pick(key, usable), why: unpinned(client) }
    }
  }
}

function sessionOf(client: DescribedClient, cookie: ClientCookie): string {
  return sessionIdOf(describedClients, client, cookie) ?? describedClients.newSession(client, cookie)
}

function unpinned(client: DescribedClient): string {
  return `sticky by ${client.source}: without a pin, its hash`
}
