import { Registry } from 'prom-client'
import { gauge } from './gauge.ts'

/** What the metrics of traffic ask for when they are scraped. */
export interface TrafficSource {
  /** Upgraded connections that are open. */
  readonly tunnels: number
  /** Undefined: none is configured. */
  readonly sessionStoreUp: (() => boolean) | undefined
}

/** The metrics of what serves traffic: of each worker, where there are several. */
export function trafficMetrics(source: TrafficSource): Registry {
  const registry = new Registry()
  gauge(
    registry,
    'upgraded_connections',
    'WebSockets and other upgraded connections that are open.',
    () => source.tunnels,
  )
  const { sessionStoreUp } = source
  if (sessionStoreUp !== undefined) {
    const help = 'Whether sticky choices can be read from and written to the session store.'
    gauge(registry, 'session_store_up', help, () => (sessionStoreUp() ? 1 : 0), 'min')
  }
  return registry
}
