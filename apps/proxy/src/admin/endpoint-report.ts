import type { Gateway } from '../pipeline/gateway.ts'

/** What `/endpoints` says about one destination. */
export interface EndpointReport {
  readonly destination: string
  readonly endpoints: readonly EndpointState[]
}

/** One endpoint: its address, and how it is at the moment. */
export interface EndpointState {
  readonly address: string
  readonly [fact: string]: unknown
}

/** The endpoints that the gateway knows, by destination. */
export function endpointReport(gateway: Gateway | undefined): EndpointReport[] {
  return [...(gateway?.destinations.values() ?? [])].map(({ id, endpoints }) => ({
    destination: id,
    endpoints: endpoints.map(({ address, load }) => ({ address, ...load() })),
  }))
}
