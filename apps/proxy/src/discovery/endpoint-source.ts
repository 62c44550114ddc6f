import type { Address } from '@vrata/balancers'

/**
 * What is known of the endpoints of a destination. `pending`: the first answer is awaited, and requests wait with it.
 * `unknown`: there was no answer yet, only failures. `known`: these and no others, also when there are none.
 */
export type Endpoints =
  | { readonly state: 'pending' }
  | { readonly state: 'unknown'; readonly cause: unknown }
  | { readonly state: 'known'; readonly addresses: readonly Address[] }

/** Tells where the endpoints of a destination are, now and whenever that changes. */
export interface EndpointSource {
  readonly current: Endpoints
  /** Calls back after each change of `current`, until the result is called. */
  watch(onChange: () => void): () => void
}
