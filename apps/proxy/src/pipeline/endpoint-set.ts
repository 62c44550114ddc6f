import { type Address, type BalancerState, endpointId, type Picker } from '@vrata/balancers'
import { type Destination, parseDuration } from '@vrata/model'
import type { Balancer } from '../balancing/balancer.ts'
import { endpointBalancer } from '../balancing/endpoint-balancer.ts'
import type { InFlight } from '../exchange.ts'
import type { EndpointRuntime } from '../forwarding/destination.ts'
import type { SessionStore } from '../sessions/session-store.ts'
import type { TimerWheel } from '../timer-wheel.ts'
import type { UpstreamTls } from '../upstream/dial.ts'
import { EndpointPool, type PoolOptions } from '../upstream/pool/endpoint-pool.ts'
import { Kept, type Lease } from './keep.ts'
import { tlsPart } from './upstream-tls.ts'

/** What the endpoints of a destination have in common. */
export interface EndpointPorts {
  readonly destination: Destination
  readonly tls: UpstreamTls | undefined
  readonly sessions: SessionStore | undefined
  readonly timers: TimerWheel
  readonly onMistake: (thrown: unknown) => void
}

/**
 * How old a connection may be when it gets another request, in milliseconds: so an endpoint that moved to another
 * address is found there in the end, however busy its connections are.
 */
const connectionLifetime = 3_600_000

/** How many unused connections to one endpoint wait for the next burst, and how long more than those, in milliseconds. */
const mostIdle = 100
const idleAbove = 10_000

/**
 * The endpoints of a destination at a time, with their connections and with what chooses among them. When the set
 * changes a new one is made, which takes over what both have in common, and the old one is let go.
 */
export class EndpointSet implements Disposable {
  readonly endpoints: readonly EndpointRuntime[]
  readonly choose: Balancer
  readonly #pools: readonly EndpointPool[]
  readonly #lease: Lease

  constructor(addresses: readonly Address[], ports: EndpointPorts, lease: Lease) {
    const { destination, sessions } = ports
    const made = addresses.map((address) => endpoint(address, ports, lease))
    this.#lease = lease
    this.#pools = made.map(({ pool }) => pool)
    const endpoints = made.map(({ runtime }) => runtime)
    this.endpoints = endpoints
    const choices = {
      destinationId: destination.id,
      endpoints: endpoints.map(({ address }) => address),
      load: (index: number) => endpoints[index]?.inFlight.count ?? 0,
    }
    const usable = (index: number) => this.usable(index)
    const state = balancerState(destination.id, lease)
    this.choose = endpointBalancer(destination.options.endpointBalancing, choices, usable, state, sessions)
  }

  /** Whether new requests may be sent to an endpoint: whoever chooses asks here, and nothing else decides it. */
  usable(index: number): boolean {
    const endpoint = this.endpoints[index]
    return endpoint !== undefined && !endpoint.draining
  }

  get anyUsable(): boolean {
    for (let index = 0; index < this.endpoints.length; index++) if (this.usable(index)) return true
    return false
  }

  /** Most connections to each endpoint; 0 = no limit. */
  setLimit(limit: number): void {
    for (const pool of this.#pools) pool.setLimit(limit)
  }

  /** Sends nothing new to endpoints that are not in the next set. */
  drain(next: EndpointSet): void {
    const staying = new Set(next.endpoints.map(({ address }) => address))
    for (const endpoint of this.endpoints) if (!staying.has(endpoint.address)) endpoint.draining = true
  }

  /** What is in flight ends in peace; connections that nobody else claims are closed. */
  [Symbol.dispose](): void {
    this.#lease[Symbol.dispose]()
  }
}

function endpoint(at: Address, ports: EndpointPorts, lease: Lease) {
  const { destination, tls, timers, onMistake } = ports
  const { timeouts, http2 } = destination.options
  const address = endpointId(at)
  const options: PoolOptions = {
    dial: {
      host: at.host,
      port: at.port,
      connectTimeout: milliseconds(timeouts.connect),
      handshakeTimeout: milliseconds(timeouts.tlsHandshake),
      dualStackFallback: milliseconds(timeouts.dualStackFallback),
      tls,
    },
    http2,
    idle: milliseconds(timeouts.idleConnection),
    mostIdle,
    idleAbove,
    lifetime: connectionLifetime,
    expectContinue: milliseconds(timeouts.expectContinue),
    timers,
    onMistake,
  }
  const { connect, tlsHandshake, dualStackFallback, idleConnection, expectContinue } = timeouts
  const limits = [connect, tlsHandshake, dualStackFallback, idleConnection, expectContinue]
  const id = `${destination.id}/${address}`
  const pool = lease.get('pool', id, [limits, http2, tlsPart(destination)], () => new EndpointPool(options))
  const inFlight = lease.get('in-flight', id, null, () => new Kept<InFlight>({ count: 0 })).value
  const load = () => pool.load
  const runtime: EndpointRuntime = {
    address,
    transport: pool,
    load,
    endpoint: pool.endpoint,
    inFlight,
    draining: false,
  }
  return { pool, runtime }
}

/** State of balancing by the id of the destination: it goes on when the endpoints or other settings change. */
function balancerState(id: string, lease: Lease): BalancerState {
  return {
    counter: () => lease.get('round-robin', id, null, () => new Kept({ next: 0 })).value,
    table: (kind, parts, make) => lease.get(kind, id, parts, () => new Kept<Picker>(make())).value,
  }
}

function milliseconds(text: string): number {
  return parseDuration(text) ?? 0
}
