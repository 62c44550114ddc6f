import { z } from 'zod'
import { DirectResponse } from './direct-response.ts'
import { common, entityId } from './formats/entity-members.ts'
import { Forward } from './forward.ts'
import { Match } from './match.ts'
import { middlewareUse } from './middleware-override.ts'
import { Redirect } from './redirect.ts'
import { exactlyOne } from './rules.ts'

/** The members by which routes and groups say where and in which order they are asked. */
export const placement = {
  listenerIds: z
    .array(entityId())
    .optional()
    .describe(
      'Ids of the listeners that use this. Absent or empty: all. Those of a route and its group are intersected.',
    ),
  priority: z
    .int()
    .min(-1_000_000)
    .max(1_000_000)
    .optional()
    .describe('Higher is asked first, before all other rules of order. Absent on a route: that of its group, else 0.'),
}

/** Which requests are taken, and what is done with them. */
export const Route = z
  .strictObject({
    ...common,
    ...placement,
    match: Match.prefault({}).describe('Which requests the route takes. Absent: all.'),
    forward: Forward.optional().describe('Sends requests on to destinations.'),
    redirect: Redirect.optional().describe('Answers with a redirect.'),
    directResponse: DirectResponse.optional().describe('Answers without asking anybody.'),
    ...middlewareUse,
  })
  .check(
    exactlyOne(
      ['forward', 'redirect', 'directResponse'],
      'a route must define exactly one of destinations, redirect, or directResponse',
    ),
  )

/** A route with its defaults filled in. */
export type Route = z.output<typeof Route>
/** A route as it is sent and stored. */
export type RouteInput = z.input<typeof Route>
