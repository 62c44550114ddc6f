import { HeadersConfig } from '@vrata/model'
import type { z } from 'zod'
import { AccessLog } from './access-log.ts'
import { ApiKey } from './api-key.ts'
import { BasicAuth } from './basic-auth.ts'
import { Compression } from './compression.ts'
import { Cors } from './cors.ts'
import { ExtAuthz } from './ext-authz.ts'
import { ExtProc } from './ext-proc.ts'
import { InlineAuthz } from './inline-authz.ts'
import { Jwt } from './jwt.ts'
import { RateLimit } from './rate-limit.ts'
import { RequestLimits } from './request-limits.ts'

/** One type of middleware: the shape of its settings and, once it has behaviour, the function that makes it run. */
export interface MiddlewareKind {
  readonly config: z.ZodType
  /** Makes an instance from checked settings and the ports of the program it runs in. Absent: nothing runs it yet. */
  readonly compile?: (config: never, ports: never) => unknown
}

/**
 * Every type of middleware, one line each; the line is `{ config, compile }` as soon as the type has behaviour. The
 * entity's schema, the list of types and the refusal of types without behaviour all follow from this table.
 */
export const middlewares = {
  cors: { config: Cors.prefault({}) },
  jwt: { config: Jwt },
  extAuthz: { config: ExtAuthz },
  extProc: { config: ExtProc },
  rateLimit: { config: RateLimit },
  headers: { config: HeadersConfig.prefault({}) },
  accessLog: { config: AccessLog },
  inlineAuthz: { config: InlineAuthz },
  apiKey: { config: ApiKey },
  basicAuth: { config: BasicAuth },
  requestLimits: { config: RequestLimits },
  compression: { config: Compression },
} as const satisfies Record<string, MiddlewareKind>

/** The word in `type`, which is also the name of the member that holds the settings. */
export type MiddlewareType = keyof typeof middlewares

/** All types, in the order of the table. */
export const middlewareTypes = Object.keys(middlewares) as readonly MiddlewareType[]

/** Whether middlewares of the type do anything yet; a snapshot that uses one that does not is refused at capture. */
export function hasBehaviour(type: MiddlewareType): boolean {
  return 'compile' in middlewares[type]
}
