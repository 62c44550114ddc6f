import { createSecureContext } from 'node:tls'
import { type Picker, type RoundRobinCounter, roundRobin, uniformRandom } from '@vrata/balancers'
import { type Destination, parseDuration } from '@vrata/model'
import type { DestinationRuntime, EndpointRuntime } from '../forwarding/destination.ts'
import type { DialOptions, UpstreamTls } from '../upstream/dial.ts'
import { EndpointPool } from '../upstream/endpoint-pool.ts'
import type { Lease } from './keep.ts'

type TlsOptions = Destination['options']['tls']

const tlsVersions = { TLSv1_0: 'TLSv1', TLSv1_1: 'TLSv1.1', TLSv1_2: 'TLSv1.2', TLSv1_3: 'TLSv1.3' } as const

/** Makes a destination ready to be sent to, with the connections and counters that earlier activations left. */
export function destinationRuntime(
  destination: Destination,
  lease: Lease,
  onMistake: (thrown: unknown) => void,
): DestinationRuntime {
  const { options } = destination
  const tls = tlsOf(destination, lease)
  const endpoints = addresses(destination).map(({ host, port }) =>
    endpointRuntime(destination, { host, port }, tls, lease, onMistake),
  )
  return {
    id: destination.id,
    host: destination.host,
    port: destination.port,
    tls: tls !== undefined,
    endpoints,
    pick: pickerOf(destination, endpoints.length, lease),
    requestLimit: milliseconds(options.timeouts.request),
    responseHeaderLimit: milliseconds(options.timeouts.responseHeader),
  }
}

/** The endpoints as configured, without repetitions; without any the destination's own host and port. */
function addresses(destination: Destination): readonly { readonly host: string; readonly port: number }[] {
  const { endpoints = [], host, port } = destination
  if (endpoints.length === 0) return [{ host, port }]
  return [...new Map(endpoints.map((endpoint) => [`${endpoint.host}:${endpoint.port}`, endpoint])).values()]
}

function endpointRuntime(
  destination: Destination,
  { host, port }: { readonly host: string; readonly port: number },
  tls: UpstreamTls | undefined,
  lease: Lease,
  onMistake: (thrown: unknown) => void,
): EndpointRuntime {
  const { timeouts, maxConnsPerHost } = destination.options
  const address = `${host}:${port}`
  const idle = milliseconds(timeouts.idleConnection)
  const dial: DialOptions = {
    host: host.replace(/^\[|\]$/g, ''),
    port,
    connectTimeout: milliseconds(timeouts.connect),
    handshakeTimeout: milliseconds(timeouts.tlsHandshake),
    dualStackFallback: milliseconds(timeouts.dualStackFallback),
    tls,
  }
  const part = [timeouts.connect, timeouts.tlsHandshake, timeouts.dualStackFallback, idle, tlsPart(destination)]
  const make = () => new EndpointPool({ dial, idle, onMistake })
  const pool = lease.get('pool', `${destination.id}/${address}`, part, make)
  // Not part of the key: a new limit must not cost the connections.
  pool.setLimit(maxConnsPerHost)
  return { address, transport: pool, load: () => pool.load, connection: pool.endpoint }
}

/** What of the configuration shapes TLS: nothing when it is off. */
function tlsPart({ host, options }: Destination): unknown {
  const { tls } = options
  return tls === undefined || tls.mode === 'none' ? undefined : [tls, tls.sni ?? host]
}

/** A context that is expensive to make and belongs to several endpoints; there is nothing to release. */
class KeptTls implements Disposable {
  readonly tls: UpstreamTls

  constructor(options: NonNullable<TlsOptions>, host: string) {
    const { cert, key, ca, sni, minVersion, maxVersion, mode } = options
    const bounds = {
      minVersion: tlsVersions[minVersion],
      maxVersion: maxVersion === undefined ? undefined : tlsVersions[maxVersion],
    }
    const client = mode === 'mtls' && cert !== undefined && key !== undefined ? { cert, key } : {}
    const context = createSecureContext({
      ...client,
      ...(ca === undefined ? {} : { ca }),
      minVersion: bounds.minVersion,
      ...(bounds.maxVersion === undefined ? {} : { maxVersion: bounds.maxVersion }),
    })
    this.tls = { serverName: (sni ?? host).replace(/^\[|\]$/g, ''), context, ...bounds }
  }

  [Symbol.dispose](): void {}
}

function tlsOf(destination: Destination, lease: Lease): UpstreamTls | undefined {
  const { tls } = destination.options
  if (tls === undefined || tls.mode === 'none') return undefined
  const part = tlsPart(destination)
  return lease.get('tls', destination.id, part, () => new KeptTls(tls, destination.host)).tls
}

/** Where the round of a destination stands; it goes on over activations, also when the endpoints change. */
class KeptCounter implements RoundRobinCounter, Disposable {
  [Symbol.dispose](): void {}
  next = 0
}

function pickerOf(destination: Destination, count: number, lease: Lease): Picker {
  if (destination.options.endpointBalancing.algorithm === 'RANDOM') return uniformRandom(count)
  return roundRobin(
    count,
    lease.get('round-robin', destination.id, null, () => new KeptCounter()),
  )
}

function milliseconds(text: string | undefined): number {
  return text === undefined ? 0 : (parseDuration(text) ?? 0)
}
