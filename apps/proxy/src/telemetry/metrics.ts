import { metricPrefix } from '@vrata/model'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { gauge } from './gauge.ts'

/** What the metrics ask for when they are scraped. */
export interface MetricsSource {
  /** The snapshot that runs; undefined before the first. */
  readonly snapshot: { readonly id: string; readonly name: string; readonly hash: string } | undefined
  readonly controlPlaneConnected: boolean
}

/** How long applying a snapshot may take, in seconds. */
const applyBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** The metrics of the process that the proxy was started as; those of traffic have a registry of their own. */
export class ProxyMetrics {
  readonly registry = new Registry()
  readonly #applyDuration: Histogram
  readonly #applyFailures: Counter<'reason'>

  constructor(source: () => MetricsSource) {
    const registers = [this.registry]
    collectDefaultMetrics({ register: this.registry })
    this.#applyDuration = new Histogram({
      name: `${metricPrefix}snapshot_apply_duration_seconds`,
      help: 'Time from the whole document to the swap.',
      buckets: applyBuckets,
      registers,
    })
    this.#applyFailures = new Counter({
      name: `${metricPrefix}snapshot_apply_failures_total`,
      help: 'Snapshots that were refused (refused) or run without all of their listeners (degraded).',
      labelNames: ['reason'],
      registers,
    })
    gauge(this.registry, 'control_plane_connected', 'Whether a snapshot stream is open.', () =>
      source().controlPlaneConnected ? 1 : 0,
    )
    snapshotInfo(registers, source)
  }

  /** Counts an attempt to apply a snapshot. */
  applied(result: 'ok' | 'degraded' | 'error', milliseconds: number): void {
    if (result === 'error') this.#applyFailures.inc({ reason: 'refused' })
    else this.#applyDuration.observe(milliseconds / 1000)
    if (result === 'degraded') this.#applyFailures.inc({ reason: 'degraded' })
  }
}

function snapshotInfo(registers: Registry[], source: () => MetricsSource): void {
  new Gauge({
    name: `${metricPrefix}snapshot_info`,
    help: 'The snapshot that runs; always 1.',
    labelNames: ['id', 'name', 'hash'],
    registers,
    collect() {
      this.reset()
      const { snapshot } = source()
      if (snapshot !== undefined) this.set({ id: snapshot.id, name: snapshot.name, hash: snapshot.hash }, 1)
    },
  })
}
