import { metricPrefix } from '@vrata/model'
import { Gauge, type Registry } from 'prom-client'

/** How the values of several workers make one. */
export type GaugeRule = 'sum' | 'min' | 'max'

/** Adds a gauge that is asked when it is scraped. */
export function gauge(
  registry: Registry,
  name: string,
  help: string,
  value: () => number,
  aggregator: GaugeRule = 'sum',
): void {
  new Gauge({
    name: `${metricPrefix}${name}`,
    help,
    registers: [registry],
    aggregator,
    collect() {
      this.set(value())
    },
  })
}
