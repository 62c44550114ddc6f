import { createSecureContext } from 'node:tls'
import type { Destination } from '@vrata/model'
import type { UpstreamTls } from '../upstream/dial.ts'
import type { Lease } from './keep.ts'

type TlsOptions = NonNullable<Destination['options']['tls']>

const tlsVersions = { TLSv1_0: 'TLSv1', TLSv1_1: 'TLSv1.1', TLSv1_2: 'TLSv1.2', TLSv1_3: 'TLSv1.3' } as const

/** What of the configuration shapes TLS, as a part of a key of kept state: nothing when it is off. */
export function tlsPart({ host, options }: Destination): unknown {
  const { tls } = options
  return tls === undefined || tls.mode === 'none' ? undefined : [tls, tls.sni ?? host]
}

/** TLS towards a destination; undefined when it is spoken to in clear text. */
export function tlsOf(destination: Destination, lease: Lease): UpstreamTls | undefined {
  const { tls } = destination.options
  if (tls === undefined || tls.mode === 'none') return undefined
  const part = tlsPart(destination)
  return lease.get('tls', destination.id, part, () => new KeptTls(tls, destination.host)).tls
}

/** A context that is expensive to make and belongs to several endpoints; there is nothing to release. */
class KeptTls implements Disposable {
  readonly tls: UpstreamTls

  constructor(options: TlsOptions, host: string) {
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
