import { AggregatorRegistry, type MetricObjectWithValues, type MetricValue } from 'prom-client'
import type { Scrape } from '../traffic.ts'

/** All metrics of a registry as data. */
export type MetricList = readonly Metric[]

type Metric = Pick<MetricObjectWithValues<MetricValue<string>>, 'name' | 'help' | 'type' | 'aggregator' | 'values'>

/** Types whose values only ever grow. The library declares the words as an enum that it does not have when it runs. */
const counting: ReadonlySet<string> = new Set(['counter', 'histogram', 'summary'])

/** Rules that choose among the processes instead of adding them up. */
const comparing: ReadonlySet<string> = new Set(['average', 'min', 'max'])

/**
 * One text out of the metrics of several processes. Counters and histograms are summed. Gauges follow their own rule,
 * which is the sum where they name none; where that would be an average, the worst of the workers is shown, as an
 * average hides the one that is in trouble.
 *
 * @param parent of the process that serves nothing: what measures its own loop would only water down that of the workers
 */
export async function mergeMetrics(parent: readonly MetricList[], workers: readonly MetricList[]): Promise<Scrape> {
  const measured = new Set(workers.flat().map(({ name }) => name))
  const own = parent.map((list) =>
    list
      .filter(({ name, aggregator }) => !measured.has(name) || !comparing.has(aggregator))
      .map((metric) => (metric.aggregator === 'omit' ? withRule(metric, 'first') : metric)),
  )
  const others = workers.map((list) =>
    list.map((metric) => (metric.aggregator === 'average' ? withRule(metric, 'max') : metric)),
  )
  const merged = AggregatorRegistry.aggregate([...own, ...others])
  return { contentType: merged.contentType, body: await merged.metrics() }
}

function withRule(metric: Metric, aggregator: Metric['aggregator']): Metric {
  return { ...metric, aggregator }
}

/**
 * What those that are gone have counted, so that no sum falls because a worker ends: a counter that falls counts as
 * one that began anew, and all that the others have counted would be counted once more.
 *
 * @param before of those that were gone before @param last what the one that is gone now said last
 */
export async function addDeparted(before: MetricList, last: MetricList): Promise<MetricList> {
  const counted = last.filter(({ type }) => counting.has(String(type)))
  const sum = AggregatorRegistry.aggregate([[...before], counted])
  return sum.getMetricsAsJSON()
}
