import type { Rewrite } from '@vrata/routing'
import type { Balancer } from '../balancing/balancer.ts'
import type { Exchange, InFlight } from '../exchange.ts'
import type { Failure } from '../failure/failure.ts'
import type { TimerWheel } from '../timer-wheel.ts'
import type { Endpoint } from '../upstream/dial.ts'
import type { PoolLoad } from '../upstream/pool/endpoint-pool.ts'
import type { Transport } from '../upstream/transport.ts'

/** One address of a destination, with its connections. */
export interface EndpointRuntime {
  /** `host:port`; the id of the endpoint in errors, logs and balancing. */
  readonly address: string
  readonly transport: Transport
  /** Connections in use and idle, and requests that wait for one; for people. */
  readonly load: () => PoolLoad
  /** For connections that are not pooled: upgraded ones. */
  readonly endpoint: Endpoint
  /** Requests that were sent here and have not ended. */
  readonly inFlight: InFlight
  /** It has left the set: what is under way goes on, nothing new is sent. */
  draining: boolean
}

/** A destination ready to be sent to. Milliseconds, 0 = no limit. */
export interface DestinationRuntime {
  readonly id: string
  readonly host: string
  readonly port: number
  readonly tls: boolean
  /** Those that are known at the moment. */
  readonly endpoints: readonly EndpointRuntime[]
  /** Whether a request may be sent here at the moment; also while the endpoints are still being asked for. */
  readonly usable: boolean
  /** Chooses an endpoint. A promise only when something has to be asked first. */
  choose(exchange: Exchange): EndpointRuntime | Failure | Promise<EndpointRuntime | Failure>
  readonly requestLimit: number
  readonly responseHeaderLimit: number
  /** Makes the limits of this configuration those of the state that it shares with others. */
  takeOver(): void
}

/** What a route does with a request that it forwards, compiled. */
export interface ForwardPlan {
  readonly destinations: readonly DestinationRuntime[]
  /** Chooses a destination by its index; -1 when none can be sent to. */
  readonly choose: Balancer
  readonly rewritesPath: boolean
  readonly rewrite: Rewrite | undefined
  readonly requestLimit: number
  readonly idleLimit: number
  readonly queueLimit: number
  readonly includeBody: boolean
  readonly includeAttemptCount: boolean
  /** Longest time of a call of gRPC; 0 = no limit, and then what clients ask for is not looked at. */
  readonly maxGrpcTimeout: number
  readonly timers: TimerWheel
  /** Hears of errors that can only be ours; the request gets a 500. */
  readonly onMistake: (thrown: unknown) => void
}
