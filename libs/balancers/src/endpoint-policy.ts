import type { StickySettings } from './destination-policy.ts'
import type { HashPolicy } from './hash-policy.ts'
import { leastRequest } from './least-request.ts'
import { maglev } from './maglev.ts'
import type { Picker, Random } from './picker.ts'
import { uniformRandom } from './random.ts'
import { type RingSize, ringHash } from './ring-hash.ts'
import { type RoundRobinCounter, roundRobin } from './round-robin.ts'

/** How a destination chooses one of its endpoints, as it is configured. */
export interface EndpointSettings {
  readonly algorithm: 'ROUND_ROBIN' | 'LEAST_REQUEST' | 'RING_HASH' | 'MAGLEV' | 'RANDOM' | 'STICKY'
  readonly ringHash: { readonly ringSize: RingSize; readonly hashPolicy: readonly HashPolicy[] }
  readonly maglev: { readonly tableSize: number; readonly hashPolicy: readonly HashPolicy[] }
  readonly leastRequest: { readonly choiceCount: number }
  readonly sticky: StickySettings
}

/** The endpoints of a destination, as far as choosing among them goes. */
export interface EndpointChoices {
  readonly destinationId: string
  /** Their ids. */
  readonly endpoints: readonly string[]
  /** How many requests an endpoint has in flight. */
  readonly load: (index: number) => number
}

/** State of choosing that outlives a set of endpoints or an activation, and chance. */
export interface BalancerState {
  /** Where the round of the destination stands. */
  counter(): RoundRobinCounter
  /** A table that is expensive to make: the one of before if it was made of the same parts. */
  table(kind: 'ring' | 'maglev', parts: unknown, make: () => Picker): Picker
  /** Default `Math.random`. */
  readonly random?: Random
}

/** What has to be known of a request to choose an endpoint for it, and what chooses. */
export type EndpointPolicy =
  /** There is nothing to choose. */
  | { readonly by: 'only' }
  /** Nothing. */
  | { readonly by: 'turn' | 'chance' | 'load'; readonly pick: Picker }
  /** The first of the policies that yields a value: its hash is the key. */
  | { readonly by: 'hash'; readonly policies: readonly HashPolicy[]; readonly pick: Picker }
  /** The pin of the session; for who has none, and without a store, the hash of the session. */
  | { readonly by: 'pin'; readonly sticky: StickySettings; readonly pick: Picker }

/** The policy by which a destination chooses among its endpoints; made anew when the set of them changes. */
export function endpointPolicy(
  settings: EndpointSettings,
  choices: EndpointChoices,
  state: BalancerState,
): EndpointPolicy {
  const { endpoints, destinationId, load } = choices
  const count = endpoints.length
  const { random = Math.random } = state
  if (count < 2) return { by: 'only' }
  switch (settings.algorithm) {
    case 'ROUND_ROBIN':
      return { by: 'turn', pick: roundRobin(count, state.counter()) }
    case 'RANDOM':
      return { by: 'chance', pick: uniformRandom(count, random) }
    case 'LEAST_REQUEST':
      return { by: 'load', pick: leastRequest(count, load, settings.leastRequest.choiceCount, random) }
    case 'RING_HASH':
      return { by: 'hash', policies: settings.ringHash.hashPolicy, pick: ring(settings, choices, state) }
    case 'MAGLEV': {
      const { tableSize, hashPolicy } = settings.maglev
      const make = () => maglev(endpoints, destinationId, tableSize)
      return { by: 'hash', policies: hashPolicy, pick: state.table('maglev', [tableSize, endpoints], make) }
    }
    case 'STICKY':
      return { by: 'pin', sticky: settings.sticky, pick: ring(settings, choices, state) }
  }
}

function ring(
  { ringHash: { ringSize } }: EndpointSettings,
  { endpoints, destinationId }: EndpointChoices,
  state: BalancerState,
): Picker {
  return state.table('ring', [ringSize, endpoints], () => ringHash(endpoints, destinationId, ringSize))
}
