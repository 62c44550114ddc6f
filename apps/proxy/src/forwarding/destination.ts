import type { Picker } from '@vrata/balancers'
import type { Rewrite } from '@vrata/routing'
import type { EndpointConnection } from '../upstream/endpoint-connection.ts'
import type { Transport } from '../upstream/transport.ts'

/** One address of a destination, with its connections. */
export interface EndpointRuntime {
  /** `host:port`; the id of the endpoint in errors, logs and balancing. */
  readonly address: string
  readonly transport: Transport
  /** Connections in use and idle, and requests that wait for one; for people. */
  readonly load: () => { readonly inFlight: number; readonly idle: number; readonly waiting: number }
  /** For connections that are not pooled: upgraded ones. */
  readonly connection: EndpointConnection
}

/** A destination ready to be sent to. Milliseconds, 0 = no limit. */
export interface DestinationRuntime {
  readonly id: string
  readonly host: string
  readonly port: number
  readonly tls: boolean
  readonly endpoints: readonly EndpointRuntime[]
  readonly pick: Picker
  readonly requestLimit: number
  readonly responseHeaderLimit: number
}

/** What a route does with a request that it forwards, compiled. */
export interface ForwardPlan {
  readonly destinations: readonly DestinationRuntime[]
  readonly pick: Picker
  readonly rewritesPath: boolean
  readonly rewrite: Rewrite | undefined
  readonly requestLimit: number
  readonly idleLimit: number
  readonly queueLimit: number
  readonly includeBody: boolean
  readonly includeAttemptCount: boolean
}
