import { metricPrefix } from '@vrata/model'
import { Counter, Gauge, Registry } from 'prom-client'
import type { ListenerReport } from '../listeners/listeners.ts'
import { gauge } from './gauge.ts'

/** What the metrics of traffic ask for when they are scraped. */
export interface TrafficSource {
  /** Upgraded connections that are open. */
  readonly tunnels: number
  /** The listeners that are bound. */
  readonly listeners: readonly ListenerReport[]
  /** Paths that were not canonical, by what was done about them; of all listeners together, also those that are gone. */
  readonly paths: Readonly<Record<string, number>>
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
  listenerMetrics(registry, source)
  pathMetrics(registry, source)
  const { sessionStoreUp } = source
  if (sessionStoreUp !== undefined) {
    const help = 'Whether sticky choices can be read from and written to the session store.'
    gauge(registry, 'session_store_up', help, () => (sessionStoreUp() ? 1 : 0), 'min')
  }
  return registry
}

const labelNames = ['listener', 'address'] as const

/** Paths that were not canonical, of all listeners together. */
function pathMetrics(registry: Registry, source: TrafficSource): void {
  new Counter({
    registers: [registry],
    labelNames: ['action'],
    name: `${metricPrefix}path_normalized_total`,
    help: 'Paths that were changed or refused, or would have been where paths are only reported.',
    collect() {
      this.reset()
      for (const [action, count] of Object.entries(source.paths)) if (count > 0) this.inc({ action }, count)
    },
  })
}

/** What the sockets of listeners count by themselves; a listener that goes takes its series along. */
function listenerMetrics(registry: Registry, source: TrafficSource): void {
  const common = { labelNames, registers: [registry] }
  const labels = ({ name, address }: ListenerReport) => ({ listener: name, address })
  new Counter({
    ...common,
    name: `${metricPrefix}listener_connections_total`,
    help: 'Connections that were accepted.',
    collect() {
      this.reset()
      for (const report of source.listeners) this.inc(labels(report), report.counts.accepted)
    },
  })
  new Gauge({
    ...common,
    name: `${metricPrefix}listener_active_connections`,
    help: 'Connections that are open.',
    collect() {
      this.reset()
      for (const report of source.listeners) this.set(labels(report), report.counts.open)
    },
  })
  new Counter({
    ...common,
    name: `${metricPrefix}listener_tls_handshake_errors_total`,
    help: 'TLS handshakes that failed.',
    collect() {
      this.reset()
      for (const report of source.listeners) this.inc(labels(report), report.counts.handshakeErrors)
    },
  })
}
