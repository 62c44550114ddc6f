import { z } from 'zod'
import { PinCookie, Sticky } from './cookie.ts'
import { authority } from './formats/address.ts'
import { duration } from './formats/duration.ts'
import { entityId } from './formats/entity-members.ts'
import { headerName } from './formats/http.ts'
import { pathString } from './formats/path.ts'
import { report } from './formats/text.ts'
import { PathRegexRewrite } from './path-regex-rewrite.ts'
import { Retry } from './retry.ts'
import { atMostOne } from './rules.ts'

/** Ways to choose one of several destinations of a route. */
export const destinationAlgorithms = ['WEIGHTED_RANDOM', 'WEIGHTED_CONSISTENT_HASH', 'STICKY'] as const

const WeightedDestination = z.strictObject({
  destinationId: entityId().describe('Id of the destination.'),
  weight: z
    .int()
    .min(0)
    .max(100)
    .default(0)
    .describe('Share of the requests in percent. With several destinations they sum to 100; with one it is ignored.'),
})

const DestinationBalancing = z.strictObject({
  algorithm: z
    .enum(destinationAlgorithms)
    .default('WEIGHTED_RANDOM')
    .describe('How the destination is chosen: for each request anew, by hashing a cookie, or by a stored pin.'),
  weightedConsistentHash: z
    .strictObject({ cookie: PinCookie('destinationPin').prefault({}).describe('The cookie that is hashed.') })
    .prefault({})
    .describe('Settings of WEIGHTED_CONSISTENT_HASH.'),
  sticky: Sticky('destinationPin').prefault({}).describe('Settings of STICKY.'),
})

const Timeouts = z.strictObject({
  request: duration().optional().describe('Limit up to the head of the answer, retries included. Absent or 0s: none.'),
  idle: duration().default('5m').describe('Longest silence in both directions. 0s: no limit.'),
  queue: duration().default('5s').describe('Longest wait for a connection; then 503. 0s: no limit.'),
  includeBody: z.boolean().default(false).describe('The limit of request counts to the end of the body of the answer.'),
})

/** How path and host change on the way to the destination. */
export const Rewrite = z
  .strictObject({
    path: pathString({ absolute: false })
      .optional()
      .describe('Replaces the matched prefix; the whole path if the route did not match by prefix.'),
    fullPath: pathString({ absolute: false }).optional().describe('Replaces the whole path.'),
    pathRegex: PathRegexRewrite.optional().describe('Replaces every match of an expression in the path.'),
    host: authority().optional().describe('Host that is sent.'),
    hostFromHeader: headerName().optional().describe('Header whose value is sent as host, if it has one. Over host.'),
    autoHost: z.boolean().default(false).describe('Sends the host of the destination. Over host and hostFromHeader.'),
  })
  .check(atMostOne(['path', 'fullPath', 'pathRegex']))

const Mirror = z.strictObject({
  destinationId: entityId().describe('Id of the destination that gets copies.'),
  percentage: z.int().min(0).max(100).default(100).describe('Share of the requests that are copied. 0: none.'),
  maxBodyBytes: z
    .int()
    .min(0)
    .default(1_048_576)
    .describe('Largest request body in bytes that is copied; the copy of a larger one is given up.'),
  maxInFlight: z.int().min(1).default(100).describe('Most copies under way; more are dropped.'),
  removeHeaders: z.array(headerName()).default([]).describe('Headers that copies do not carry.'),
})

/** Sends requests on to destinations. */
export const Forward = z.strictObject({
  destinations: z
    .array(WeightedDestination)
    .min(1)
    .check((context) => {
      const entries = context.value
      const seen = new Set<string>()
      for (const [index, { destinationId }] of entries.entries()) {
        if (seen.has(destinationId))
          report(context, [index, 'destinationId'], {
            message: `destination "${destinationId}" is listed twice`,
            code: 'list.repeated',
          })
        seen.add(destinationId)
      }
      if (entries.length > 1 && entries.reduce((sum, entry) => sum + entry.weight, 0) !== 100)
        report(context, [], {
          message: 'destination weights must sum to 100 when multiple destinations are defined',
          code: 'weights.sum',
        })
    })
    .describe('Where requests go, with their shares.'),
  destinationBalancing: DestinationBalancing.prefault({}).describe('How one of several destinations is chosen.'),
  timeouts: Timeouts.prefault({}).describe('Limits on how long forwarding may take.'),
  retry: Retry.optional().describe(
    'When a failed request is sent again. Absent: the default of the group, else never.',
  ),
  rewrite: Rewrite.optional().describe('How path and host change on the way.'),
  mirror: Mirror.optional().describe('Copies requests to another destination, whose answers are dropped.'),
  maxGrpcTimeout: duration({ min: '1us' }).optional().describe('Longest deadline that a gRPC client may ask for.'),
})
