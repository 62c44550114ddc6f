import { z } from 'zod'
import { duration } from './formats/duration.ts'
import { pathString } from './formats/path.ts'

/** Limits that protect a destination, and the circuit that opens after failures in a row. */
export const CircuitBreaker = z.strictObject({
  maxConnections: z.int().min(1).default(1024).describe('Most connections.'),
  maxPendingRequests: z.int().min(0).default(1024).describe('Most requests that wait for a connection.'),
  maxRequests: z.int().min(1).default(1024).describe('Most requests in flight.'),
  maxRetries: z.int().min(0).default(3).describe('Most retries in flight.'),
  failureThreshold: z
    .int()
    .min(0)
    .default(5)
    .describe('Failures in a row that open the circuit. 0: it never opens, only the limits count.'),
  openDuration: duration({ min: '1ms' })
    .default('30s')
    .describe('How long an open circuit refuses requests before it tries one.'),
})

/** Probes that tell whether an endpoint is well. */
export const HealthCheck = z.strictObject({
  path: pathString({ absolute: true, query: true }).describe(
    'Path that is asked with GET; a status of 200 to 399 is a pass.',
  ),
  interval: duration({ min: '100ms' }).default('10s').describe('Time between two probes of an endpoint.'),
  timeout: duration({ min: '1ms' }).default('5s').describe('Limit for one probe.'),
  unhealthyThreshold: z.int().min(1).default(3).describe('Failed probes in a row that take an endpoint out.'),
  healthyThreshold: z.int().min(1).default(2).describe('Passed probes in a row that bring it back.'),
  initialState: z
    .enum(['healthy', 'unknown'])
    .default('healthy')
    .describe('Whether a new endpoint gets traffic before its first probe.'),
})

/** Takes endpoints out that answer real traffic with errors. */
export const OutlierDetection = z.strictObject({
  consecutive5xx: z
    .int()
    .min(0)
    .default(5)
    .describe('Answers of 500 and above in a row that eject an endpoint. 0: off.'),
  consecutiveGatewayErrors: z
    .int()
    .min(0)
    .default(0)
    .describe('Answers of 502, 503, 504 or failed connections in a row that eject an endpoint. 0: off.'),
  interval: duration({ min: '1ms' })
    .default('10s')
    .describe('Time without an error after which one earlier ejection is forgotten.'),
  maxEjectionPercent: z
    .int()
    .min(0)
    .max(100)
    .default(10)
    .describe('Largest share of endpoints that may be out at once.'),
  baseEjectionTime: duration({ min: '1ms' })
    .default('30s')
    .describe('Length of the first ejection; the n-th lasts n times as long.'),
  maxEjectionTime: duration({ min: '1ms' }).default('300s').describe('Longest ejection.'),
})
