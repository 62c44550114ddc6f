export { type ClientCookie, type ClientReader, sessionIdOf } from './client-reader.ts'
export { cookieValue } from './cookie-value.ts'
export {
  type DestinationPolicy,
  type DestinationSettings,
  destinationPolicy,
  type StickySettings,
} from './destination-policy.ts'
export { type Address, distinctEndpoints, endpointId } from './endpoint-id.ts'
export {
  type BalancerState,
  type EndpointChoices,
  type EndpointPolicy,
  type EndpointSettings,
  endpointPolicy,
} from './endpoint-policy.ts'
export { type HashPolicy, hashValue } from './hash-policy.ts'
export { hashKey } from './key.ts'
export { leastRequest } from './least-request.ts'
export { maglev } from './maglev.ts'
export { type Hash64, murmur64 } from './murmur.ts'
export type { Picker, Random } from './picker.ts'
export { uniformRandom } from './random.ts'
export { type RingSize, ringHash } from './ring-hash.ts'
export { type RoundRobinCounter, roundRobin } from './round-robin.ts'
export { seededRandom } from './seeded-random.ts'
export { isSessionId } from './session-id.ts'
export { sharesOf } from './shares.ts'
export { weightedRandom } from './weighted-random.ts'
export { type WeightedEntry, weightedRendezvous } from './weighted-rendezvous.ts'
