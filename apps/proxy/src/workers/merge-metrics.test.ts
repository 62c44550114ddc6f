import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { addDeparted, type MetricList, mergeMetrics } from './merge-metrics.ts'

type Aggregator = 'sum' | 'first' | 'min' | 'max' | 'average' | 'omit'

/** The metrics of a process: requests by code, their durations, and one gauge. */
async function metricsOf(codes: Readonly<Record<string, number>>, durations: readonly number[], lag = 0) {
  const registry = new Registry()
  const registers = [registry]
  const requests = new Counter({ name: 'requests_total', help: 'Requests.', labelNames: ['code'], registers })
  for (const [code, count] of Object.entries(codes)) requests.inc({ code }, count)
  const seconds = new Histogram({ name: 'seconds', help: 'Durations.', buckets: [1, 2], registers })
  for (const duration of durations) seconds.observe(duration)
  new Gauge({ name: 'lag', help: 'Lag.', aggregator: 'average', registers }).set(lag)
  return registry.getMetricsAsJSON()
}

async function gaugeOf(name: string, aggregator: Aggregator, value: number): Promise<MetricList> {
  const registry = new Registry()
  new Gauge({ name, help: 'A gauge.', aggregator, registers: [registry] }).set(value)
  return registry.getMetricsAsJSON()
}

/** The lines with values, in the order of the text. */
async function samples(parent: readonly MetricList[], workers: readonly MetricList[]): Promise<string[]> {
  const { body } = await mergeMetrics(parent, workers)
  return body.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
}

describe('merged metrics', () => {
  test('counters are summed by their labels, a label that only one worker has stays', async () => {
    const got = await samples([], [await metricsOf({ 200: 5, 404: 1 }, []), await metricsOf({ 200: 7, 500: 2 }, [])])
    assert.deepEqual(
      got.filter((line) => line.startsWith('requests_total')),
      ['requests_total{code="200"} 12', 'requests_total{code="404"} 1', 'requests_total{code="500"} 2'],
    )
  })

  test('histograms are summed bucket by bucket', async () => {
    const got = await samples([], [await metricsOf({}, [0.5, 1.5]), await metricsOf({}, [0.25, 9])])
    assert.deepEqual(
      got.filter((line) => line.startsWith('seconds')),
      [
        'seconds_bucket{le="1"} 2',
        'seconds_bucket{le="2"} 3',
        'seconds_bucket{le="+Inf"} 4',
        'seconds_sum 11.25',
        'seconds_count 4',
      ],
    )
  })

  const gauges: readonly (readonly [Aggregator, readonly number[], string])[] = [
    ['sum', [3, 4], 'g 7'],
    ['min', [1, 0], 'g 0'],
    ['max', [1, 5], 'g 5'],
    ['average', [1, 5], 'g 5'],
  ]
  for (const [rule, values, line] of gauges) {
    test(`gauges whose rule is ${rule}: ${values.join(' and ')} give ${line}`, async () => {
      const lists = await Promise.all(values.map((value) => gaugeOf('g', rule, value)))
      assert.deepEqual(await samples([], lists), [line])
    })
  }

  test('the parent adds its part of a sum, but has no say in how the loops of the workers turn', async () => {
    const parent = [await gaugeOf('memory', 'sum', 10), await gaugeOf('lag', 'min', 0), await gaugeOf('own', 'max', 1)]
    const worker = [await gaugeOf('memory', 'sum', 5), await gaugeOf('lag', 'min', 3)]
    assert.deepEqual(await samples(parent, worker), ['memory 15', 'own 1', 'lag 3'])
  })

  test('the start is that of the parent', async () => {
    const [parent, worker] = await Promise.all([gaugeOf('start', 'omit', 100), gaugeOf('start', 'omit', 200)])
    assert.deepEqual(await samples([parent], [worker]), ['start 100'])
  })

  test('every metric that a process has by itself is there once', async () => {
    const registry = new Registry()
    collectDefaultMetrics({ register: registry })
    const list = await registry.getMetricsAsJSON()
    const { body } = await mergeMetrics([list], [list, list])
    const types = body.split('\n').filter((line) => line.startsWith('# TYPE '))
    assert.equal(types.length, list.length)
    assert.equal(new Set(types).size, types.length)
    assert.match(body, /^process_start_time_seconds \d+$/m)
  })
})

test('what a worker that is gone has counted stays counted, and what it measured does not', async () => {
  const one = await metricsOf({ 200: 5 }, [0.5], 7)
  const two = await metricsOf({ 200: 3, 500: 1 }, [1.5], 8)
  const departed = await addDeparted(await addDeparted([], one), two)
  const living = await metricsOf({ 200: 1 }, [], 2)
  const got = await samples([], [living, departed])
  assert.ok(got.includes('requests_total{code="200"} 9'))
  assert.ok(got.includes('requests_total{code="500"} 1'))
  assert.ok(got.includes('seconds_count 2'))
  assert.ok(got.includes('lag 2'))
})
