import type { Logger } from '@vrata/service'
import express, { type Express } from 'express'
import { ApiError } from './api-error.ts'
import { type Endpoint, endpointRouter } from './endpoint.ts'
import { cors, requestLog, securityHeaders } from './layers.ts'
import { requestFacts } from './request-facts.ts'
import { toHttp } from './to-http.ts'

export interface AppOptions {
  readonly endpoints: readonly Endpoint[]
  readonly log: Logger
  /** Origins of browser tools that may read answers. */
  readonly allowOrigins: readonly string[]
}

/** The layers around the endpoints, outermost first. */
export function createApp({ endpoints, log, allowOrigins }: AppOptions): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.use(requestFacts)
  app.use(requestLog(log))
  app.use(securityHeaders)
  if (allowOrigins.length > 0) app.use(cors(allowOrigins))
  app.use(endpointRouter(endpoints))
  app.use(() => {
    throw new ApiError('not_found', 'no such path')
  })
  app.use(toHttp(log))
  return app
}
