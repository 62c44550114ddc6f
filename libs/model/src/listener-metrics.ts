import { z } from 'zod'
import { report } from './formats/text.ts'

/** Upper bounds in seconds that duration histograms have when none are configured. */
export const defaultDurationBuckets: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Upper bounds in bytes that size histograms have when an empty list is configured. */
export const defaultSizeBuckets: readonly number[] = [100, 1000, 10_000, 100_000, 1_000_000]

/** Histogram bounds: strictly increasing, above 0, at most 64; an empty list stands for the given default. */
function buckets(whenEmpty: readonly number[]) {
  return z
    .array(z.number().positive())
    .max(64)
    .check((context) => {
      const at = context.value.findIndex((bound, index) => index > 0 && bound <= (context.value[index - 1] ?? 0))
      if (at > 0)
        report(context, [at], {
          message: 'histogram bounds must increase from each to the next',
          code: 'buckets.order',
        })
    })
    .overwrite((bounds) => (bounds.length === 0 ? [...whenEmpty] : bounds))
}

const Collect = z.strictObject({
  route: z.boolean().default(true).describe('Metrics by route.'),
  destination: z.boolean().default(true).describe('Metrics by destination.'),
  middleware: z.boolean().default(true).describe('Metrics by middleware.'),
  listener: z.boolean().default(true).describe('Metrics of the listener itself.'),
  endpoint: z.boolean().default(false).describe('Metrics by endpoint. Their number grows with the endpoints.'),
})

const Histograms = z.strictObject({
  durationBuckets: buckets(defaultDurationBuckets)
    .default([...defaultDurationBuckets])
    .describe('Upper bounds of duration histograms in seconds, increasing, at most 64.'),
  sizeBuckets: buckets(defaultSizeBuckets)
    .optional()
    .describe('Upper bounds of size histograms in bytes, increasing, at most 64. Absent: no sizes are recorded.'),
})

/** Which metrics a listener collects and where they can be fetched. */
export const ListenerMetrics = z.strictObject({
  path: z
    .string()
    .regex(/^\/[^\s?#]+$/, { error: 'the metrics path begins with "/", is longer than that, and has no query' })
    .default('/metrics')
    .describe('Path that answers with the metrics. It hides any route of the same path.'),
  expose: z
    .enum(['listener', 'admin'])
    .default('listener')
    .describe('Where the metrics can be fetched: on the listener itself, or on the admin port of the proxy alone.'),
  collect: Collect.prefault({}).describe('Which groups of metrics are collected.'),
  histograms: Histograms.prefault({}).describe('Bounds of the histograms.'),
})
