import {
  leastRequest,
  maglev,
  type Picker,
  type RoundRobinCounter,
  ringHash,
  roundRobin,
  uniformRandom,
} from '@vrata/balancers'
import type { Destination } from '@vrata/model'
import type { InFlight } from '../exchange.ts'
import type { SessionStore } from '../sessions/session-store.ts'
import type { Balancer } from './destination-balancer.ts'
import { hashKeyOf } from './hash-policy.ts'
import { endpointPinKey, Sticky } from './sticky.ts'

/** The endpoints of a destination, as far as choosing among them goes. */
export interface EndpointChoices {
  readonly destinationId: string
  /** `host:port` of each. */
  readonly addresses: readonly string[]
  readonly usable: (index: number) => boolean
  readonly inFlight: (index: number) => InFlight
}

/** State of balancing that outlives a set of endpoints or an activation. */
export interface BalancerState {
  /** Where the round of the destination stands. */
  counter(): RoundRobinCounter
  /** A table that is expensive to make: the one of before if it was made of the same parts. */
  table(kind: 'ring' | 'maglev', parts: unknown, make: () => Picker): Picker
}

type Settings = Destination['options']['endpointBalancing']

/** What chooses the endpoint for the requests of a destination; made anew when the set of endpoints changes. */
export function endpointBalancer(
  settings: Settings,
  choices: EndpointChoices,
  state: BalancerState,
  sessions: SessionStore | undefined,
): Balancer {
  const { usable, addresses } = choices
  if (addresses.length < 2) return () => (usable(0) ? 0 : -1)
  switch (settings.algorithm) {
    case 'ROUND_ROBIN':
      return always(roundRobin(addresses.length, state.counter()), usable)
    case 'RANDOM':
      return always(uniformRandom(addresses.length), usable)
    case 'LEAST_REQUEST': {
      const load = (index: number) => choices.inFlight(index).count
      return always(leastRequest(addresses.length, load, settings.leastRequest.choiceCount), usable)
    }
    case 'RING_HASH': {
      const { ringSize, hashPolicy } = settings.ringHash
      return hashed(ring(choices, state, ringSize), hashPolicy, usable)
    }
    case 'MAGLEV': {
      const { tableSize, hashPolicy } = settings.maglev
      const make = () => maglev(addresses, choices.destinationId, tableSize)
      return hashed(state.table('maglev', [tableSize, addresses], make), hashPolicy, usable)
    }
    case 'STICKY':
      return stickily(settings, choices, state, sessions)
  }
}

type Usable = (index: number) => boolean

function always(pick: Picker, usable: Usable): Balancer {
  return () => pick(0, usable)
}

function hashed(pick: Picker, policies: Settings['maglev']['hashPolicy'], usable: Usable): Balancer {
  const keyOf = hashKeyOf(policies)
  return (exchange) => pick(keyOf(exchange), usable)
}

function ring(
  { addresses, destinationId }: EndpointChoices,
  state: BalancerState,
  size: Settings['ringHash']['ringSize'],
): Picker {
  return state.table('ring', [size, addresses], () => ringHash(addresses, destinationId, size))
}

function stickily(
  settings: Settings,
  choices: EndpointChoices,
  state: BalancerState,
  sessions: SessionStore | undefined,
): Balancer {
  const { addresses, destinationId, usable } = choices
  const sticky = new Sticky(settings.sticky, (session) => endpointPinKey(session, destinationId), sessions)
  const indices = new Map(addresses.map((address, index) => [address, index]))
  const targets = {
    name: (index: number) => addresses[index] ?? '',
    indexOf: (address: string) => indices.get(address) ?? -1,
    usable,
    pick: ring(choices, state, settings.ringHash.ringSize),
  }
  return (exchange) => sticky.choose(exchange, targets)
}
