import { z } from 'zod'
import { hostnamePattern } from './formats/address.ts'
import { common, entityId } from './formats/entity-members.ts'
import { regexString } from './formats/expression.ts'
import { pathString } from './formats/path.ts'
import { HeaderMatcher } from './match.ts'
import { middlewareUse } from './middleware-override.ts'
import { Retry } from './retry.ts'
import { placement } from './route.ts'
import { atMostOne } from './rules.ts'

/** Routes that share a path, hosts, conditions and middlewares. */
export const Group = z
  .strictObject({
    ...common,
    ...placement,
    routeIds: z
      .array(entityId())
      .default([])
      .describe('Ids of the routes. A route of any group is not served on its own.'),
    pathPrefix: pathString({ absolute: false }).optional().describe('Comes before the path of every route.'),
    pathRegex: regexString().optional().describe('RE2 expression that comes before the path of every route.'),
    hostnames: z.array(hostnamePattern()).optional().describe('Hosts, added to those of every route.'),
    headers: z
      .array(HeaderMatcher)
      .optional()
      .describe('Conditions on request headers, added to those of every route.'),
    ...middlewareUse,
    retryDefault: Retry.optional().describe('Retries of routes that define none.'),
    includeAttemptCount: z.boolean().default(false).describe('Tells the upstream which try it sees, in a header.'),
  })
  .check(atMostOne(['pathPrefix', 'pathRegex']))

/** A group with its defaults filled in. */
export type Group = z.output<typeof Group>
/** A group as it is sent and stored. */
export type GroupInput = z.input<typeof Group>
