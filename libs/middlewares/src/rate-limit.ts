import { compileRequestValue } from '@vrata/cel'
import { celString, cidr, duration } from '@vrata/model'
import { z } from 'zod'
import { settingsOf } from './settings.ts'

/** Refuses a client that asks more often than its bucket allows. */
export const RateLimit = z.strictObject(
  {
    requestsPerSecond: z.number().positive().default(10).describe('Tokens that a bucket gains each second.'),
    burst: z
      .int()
      .min(1)
      .optional()
      .describe('Tokens that a bucket holds. Absent: the rate, rounded down, at least 1.'),
    key: celString(compileRequestValue)
      .optional()
      .describe(
        'CEL expression over request, jwt and apiKey: what shares a bucket. Absent: the address of the client.',
      ),
    onKeyError: z
      .enum(['ip', 'deny', 'skip'])
      .default('ip')
      .describe('When key has no value: the address counts, the request is refused, or it is not limited.'),
    trustedProxies: z
      .array(cidr())
      .optional()
      .describe('Networks whose X-Forwarded-For is believed for the address. Absent: those of the listener.'),
    ipv6PrefixLength: z.int().min(1).max(128).default(64).describe('Length of the IPv6 network that shares a bucket.'),
    maxKeys: z.int().min(1).max(10_000_000).default(100_000).describe('Most buckets; the one unused for longest goes.'),
    store: z
      .enum(['local', 'redis'])
      .default('local')
      .describe('Whether each proxy counts for itself, or all of them together in Redis.'),
    onStoreFailure: z
      .enum(['allow', 'deny', 'local'])
      .default('local')
      .describe('While Redis fails: requests pass, are refused with 503, or each proxy counts for itself.'),
    storeTimeout: duration({ min: '1ms' }).default('50ms').describe('Limit for one decision in Redis.'),
    responseHeaders: z
      .enum(['ietf', 'off'])
      .default('ietf')
      .describe('Whether answers tell the limit in ratelimit and ratelimit-policy.'),
    dryRun: z.boolean().default(false).describe('Nothing is refused, only counted.'),
  },
  settingsOf('rateLimit'),
)
