import { z } from 'zod'
import { complain, count, duration, pemOrPath, remoteAddress, text, url } from './fields.ts'

/** How a program logs: one `key=value` line or one JSON object for each event, on standard output. */
export const LogConfig = z.strictObject({
  format: z.enum(['console', 'json']).default('console'),
  level: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
})
export type LogConfig = z.output<typeof LogConfig>

const RedisTls = z
  .strictObject({
    ca: pemOrPath().optional(),
    cert: pemOrPath().optional(),
    key: pemOrPath().optional(),
    serverName: text().optional(),
  })
  .check((context) => bothOrNeither(context, 'cert', 'key'))

const redisUrl = url(['redis:', 'rediss:']).superRefine((value, context) => {
  const { username, password, pathname } = new URL(value)
  if (!isPercentEncoded(username) || !isPercentEncoded(password)) {
    complain(context, 'holds a user or password that is not percent-encoded: a % is written %25')
  }
  if (!/^(?:\/\d*)?$/.test(pathname)) complain(context, 'must end with nothing or with the number of a database')
})

function isPercentEncoded(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

const RedisConfig = z
  .strictObject({
    url: redisUrl.optional(),
    address: remoteAddress().optional(),
    password: z.string().default(''),
    db: count().default(0),
    tls: RedisTls.optional(),
  })
  .superRefine((redis, context) => {
    if (redis.url === undefined || redis.address === undefined) return
    context.addIssue({ code: 'custom', path: ['url'], message: 'give either url or address, not both' })
  })
  .transform(({ address, ...redis }) => {
    const target = redis.url === undefined ? { address: address ?? 'localhost:6379' } : {}
    return { ...redis, ...target }
  })

/** Where sticky choices are kept; absent or of type `""` means nowhere. */
export const SessionStoreConfig = z
  .strictObject({
    type: z.enum(['', 'redis']).default(''),
    timeout: duration({ positive: true }).default(50),
    redis: RedisConfig.optional(),
  })
  .superRefine((store, context) => {
    if (store.type !== 'redis' || store.redis !== undefined) return
    context.addIssue({ code: 'custom', path: ['redis'], message: 'is required when type is redis' })
  })
export type SessionStoreConfig = z.output<typeof SessionStoreConfig>

/** Complains unless both members are given or both are absent; the issue stands at the absent one. */
export function bothOrNeither<T extends Record<string, unknown>>(
  context: z.core.ParsePayload<T>,
  first: keyof T & string,
  second: keyof T & string,
): void {
  const absent = [first, second].filter((key) => context.value[key] === undefined)
  const [missing] = absent
  if (missing === undefined || absent.length === 2) return
  const given = missing === first ? second : first
  context.issues.push({ code: 'custom', input: context.value, path: [missing], message: `is required beside ${given}` })
}
