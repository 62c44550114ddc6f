import { isIP } from 'node:net'
import { type Destination, parseDuration } from '@vrata/model'
import { DnsEndpoints, type DnsPorts } from '../discovery/dns-endpoints.ts'
import type { EndpointSource } from '../discovery/endpoint-source.ts'
import { FixedEndpoints } from '../discovery/fixed-endpoints.ts'
import type { Exchange } from '../exchange.ts'
import { Failure } from '../failure/failure.ts'
import type { DestinationRuntime, EndpointRuntime } from '../forwarding/destination.ts'
import type { SessionStore } from '../sessions/session-store.ts'
import type { TimerWheel } from '../timer-wheel.ts'
import { EndpointSet } from './endpoint-set.ts'
import { Kept, type Lease } from './keep.ts'
import { tlsOf } from './upstream-tls.ts'

/** What destinations take from the process. */
export interface DestinationPorts {
  readonly dns: DnsPorts
  /** Where sticky choices are kept; undefined: nowhere. */
  readonly sessions: SessionStore | undefined
  /** For all limits of time. */
  readonly timers: TimerWheel
  /** Hears of errors that can only be ours. */
  readonly onMistake: (thrown: unknown) => void
}

/**
 * Makes a destination ready to be sent to, with the connections, counters and tables that earlier activations left. One
 * that did not change at all is the very same as before.
 */
export function destinationRuntime(
  destination: Destination,
  lease: Lease,
  ports: DestinationPorts,
): DestinationRuntime {
  const make = () => new BoundDestination(destination, lease.branch(), ports)
  const bound = lease.get('destination', destination.id, destination, make)
  bound.takeOver()
  return bound
}

/** A destination, bound to connections to whatever endpoints it has at the moment. */
class BoundDestination implements DestinationRuntime, Disposable {
  readonly id: string
  readonly host: string
  readonly port: number
  readonly tls: boolean
  readonly requestLimit: number
  readonly responseHeaderLimit: number
  readonly #destination: Destination
  readonly #makeSet: (source: EndpointSource) => EndpointSet | undefined
  readonly #source: EndpointSource
  readonly #unwatch: () => void
  readonly #lease: Lease
  /** Most connections to an endpoint, as the newest activation has it, whichever that is; 0 = no limit. */
  readonly #limit: Kept<number>
  #set: EndpointSet | undefined = undefined
  /** What requests wait for that came before the endpoints were known. */
  readonly #settled = Promise.withResolvers<void>()

  constructor(destination: Destination, lease: Lease, { dns, sessions, timers, onMistake }: DestinationPorts) {
    const { timeouts } = destination.options
    const tls = tlsOf(destination, lease)
    this.id = destination.id
    this.host = destination.host
    this.port = destination.port
    this.tls = tls !== undefined
    this.requestLimit = milliseconds(timeouts.request)
    this.responseHeaderLimit = milliseconds(timeouts.responseHeader)
    this.#destination = destination
    this.#lease = lease
    this.#limit = lease.get('connection-limit', destination.id, null, () => new Kept(0))
    this.#makeSet = ({ current }) =>
      current.state === 'known'
        ? new EndpointSet(current.addresses, { destination, tls, sessions, timers, onMistake }, lease.branch())
        : undefined
    this.#source = endpointSource(destination, lease, dns)
    this.#unwatch = this.#source.watch(() => this.#onChange())
    if (this.#source.current.state !== 'pending') this.#onChange()
  }

  get endpoints(): readonly EndpointRuntime[] {
    return this.#set?.endpoints ?? []
  }

  get usable(): boolean {
    return this.#set === undefined ? this.#source.current.state === 'pending' : this.#set.anyUsable
  }

  choose(exchange: Exchange): EndpointRuntime | Failure | Promise<EndpointRuntime | Failure> {
    const set = this.#set
    if (set !== undefined) return chosen(set, exchange)
    return this.#source.current.state === 'pending' ? this.#chooseLater(exchange) : this.#unresolved()
  }

  /** Applies what is no part of the key of any kept state: it is the settings of the newest activation that count. */
  takeOver(): void {
    this.#limit.value = this.#destination.options.maxConnsPerHost
    this.#set?.setLimit(this.#limit.value)
  }

  async #chooseLater(exchange: Exchange): Promise<EndpointRuntime | Failure> {
    await this.#settled.promise
    return this.#set === undefined ? this.#unresolved() : await chosen(this.#set, exchange)
  }

  #unresolved(): Failure {
    const { current } = this.#source
    return new Failure('dns_failure', {}, current.state === 'unknown' ? current.cause : undefined)
  }

  #onChange(): void {
    const next = this.#makeSet(this.#source)
    if (next !== undefined) {
      const old = this.#set
      next.setLimit(this.#limit.value)
      this.#set = next
      old?.drain(next)
      old?.[Symbol.dispose]()
    }
    this.#settled.resolve()
  }

  [Symbol.dispose](): void {
    this.#unwatch()
    this.#settled.resolve()
    this.#set?.[Symbol.dispose]()
    this.#lease[Symbol.dispose]()
  }
}

function chosen(set: EndpointSet, exchange: Exchange): EndpointRuntime | Failure | Promise<EndpointRuntime | Failure> {
  const index = set.choose(exchange)
  if (typeof index === 'number') return set.endpoints[index] ?? new Failure('no_endpoint')
  return index.then((found) => set.endpoints[found] ?? new Failure('no_endpoint'))
}

/** Where a destination's endpoints come from: its list, an IP address, or its name. */
function endpointSource(destination: Destination, lease: Lease, ports: DnsPorts): EndpointSource {
  const { endpoints = [], host, port, options } = destination
  if (endpoints.length > 0) return new FixedEndpoints(endpoints)
  if (isIP(host) !== 0 || options.dns.mode === 'logical') return new FixedEndpoints([{ host, port }])
  const refresh = options.dns.refresh === undefined ? undefined : milliseconds(options.dns.refresh)
  // By name and not by destination: those of one host share its look-ups.
  return lease.get('dns', `${host}:${port}`, refresh ?? null, () => new DnsEndpoints({ host, port, refresh }, ports))
}

function milliseconds(text: string | undefined): number {
  return text === undefined ? 0 : (parseDuration(text) ?? 0)
}
