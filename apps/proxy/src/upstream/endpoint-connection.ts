import type { DialOptions, SessionSlot } from './dial.ts'

/** What all connections to one endpoint have in common. */
export interface EndpointConnection {
  readonly dial: DialOptions
  readonly sessions: SessionSlot
}
