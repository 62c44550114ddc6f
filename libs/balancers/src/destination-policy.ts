import type { ClientCookie } from './client-reader.ts'
import type { Picker, Random } from './picker.ts'
import { weightedRandom } from './weighted-random.ts'
import { type WeightedEntry, weightedRendezvous } from './weighted-rendezvous.ts'

/** How a route chooses one of its destinations, as it is configured. */
export interface DestinationSettings {
  readonly algorithm: 'WEIGHTED_RANDOM' | 'WEIGHTED_CONSISTENT_HASH' | 'STICKY'
  readonly weightedConsistentHash: { readonly cookie: ClientCookie }
  readonly sticky: StickySettings
}

/** The settings of STICKY, at both levels alike. */
export interface StickySettings {
  readonly cookie: ClientCookie
  /** What happens while the target of a pin cannot be used. */
  readonly onUnhealthy: 'detour' | 'repin'
}

/** What has to be known of a request to choose a destination for it, and what chooses. */
export type DestinationPolicy =
  /** There is nothing to choose. */
  | { readonly by: 'only' }
  /** Nothing. */
  | { readonly by: 'chance'; readonly pick: Picker }
  /** The session that the cookie names: its hash is the key. */
  | { readonly by: 'session'; readonly cookie: ClientCookie; readonly pick: Picker }
  /** The pin of the session; for who has none, and without a store, the same as by session. */
  | { readonly by: 'pin'; readonly sticky: StickySettings; readonly pick: Picker }

/** The policy by which a route chooses among its destinations. `routeId` makes routes choose independently. */
export function destinationPolicy(
  settings: DestinationSettings,
  destinations: readonly WeightedEntry[],
  routeId: string,
  random: Random = Math.random,
): DestinationPolicy {
  if (destinations.length === 1) return { by: 'only' }
  switch (settings.algorithm) {
    case 'WEIGHTED_RANDOM':
      return {
        by: 'chance',
        pick: weightedRandom(
          destinations.map(({ weight }) => weight),
          random,
        ),
      }
    case 'WEIGHTED_CONSISTENT_HASH': {
      const { cookie } = settings.weightedConsistentHash
      return { by: 'session', cookie, pick: weightedRendezvous(destinations, routeId) }
    }
    case 'STICKY':
      return { by: 'pin', sticky: settings.sticky, pick: weightedRendezvous(destinations, routeId) }
  }
}
