import { z } from 'zod'
import { ExtProcPhases } from './ext-proc-phases.ts'
import { entityId } from './formats/entity-members.ts'
import { celPredicateString } from './formats/expression.ts'
import { HeadersConfig } from './headers-config.ts'
import { presence } from './rules.ts'

/** How one middleware behaves on a route or in a group. A route's entry replaces the group's as a whole. */
export const MiddlewareOverride = z
  .strictObject({
    disabled: z.boolean().default(false).describe('Takes the middleware out.'),
    skipWhen: z
      .array(celPredicateString())
      .optional()
      .describe('CEL expressions over request: if any is true, the middleware is skipped.'),
    onlyWhen: z
      .array(celPredicateString())
      .optional()
      .describe('CEL expressions over request: the middleware runs only if any is true.'),
    headers: HeadersConfig.optional().describe('Replaces the settings of a middleware of type headers.'),
    extProc: z
      .strictObject({
        phases: ExtProcPhases.optional().describe('Replaces the phases as a whole.'),
        allowOnError: z.boolean().optional().describe('Replaces allowOnError.'),
      })
      .optional()
      .describe('Replaces parts of the settings of a middleware of type extProc.'),
  })
  .check(
    presence((has, found) => {
      if (has('skipWhen') && has('onlyWhen'))
        found('onlyWhen', { message: 'skipWhen and onlyWhen exclude each other', code: 'exclusive.fields' })
    }),
  )

/** An override with its defaults filled in. */
export type MiddlewareOverride = z.output<typeof MiddlewareOverride>

/** The members by which routes and groups use middlewares. */
export const middlewareUse = {
  middlewareIds: z
    .array(entityId())
    .default([])
    .describe('Ids of the middlewares, the outermost first. Those of the group come before those of the route.'),
  middlewareOverrides: z
    .record(entityId(), MiddlewareOverride)
    .default({})
    .describe('Changes to single middlewares, by their id.'),
}
