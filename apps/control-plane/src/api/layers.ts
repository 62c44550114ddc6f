import type { Logger } from '@vrata/service'
import type { RequestHandler } from 'express'
import { sendNothing } from './answer.ts'
import { factsOf } from './request-facts.ts'

/** One line for each request when it ends, refused and cut ones too. No query strings: they may hold what is private. */
export function requestLog(log: Logger): RequestHandler {
  return (req, res, next) => {
    const started = performance.now()
    const { method, path } = req
    const before = req.socket.bytesWritten
    res.once('close', () => {
      const { requestId, remote } = factsOf(res)
      log.info(
        {
          method,
          path,
          status: res.statusCode,
          durationMs: Math.round((performance.now() - started) * 100) / 100,
          bytes: req.socket.bytesWritten - before,
          remote,
          requestId,
          ...(res.writableFinished ? {} : { cut: true }),
        },
        'request',
      )
    })
    next()
  }
}

/** What every answer carries so that browsers neither guess, keep nor leak it. */
export const securityHeaders: RequestHandler = (_req, res, next) => {
  res.setHeader('X-Content-Type-Options', 'nosniff')
  res.setHeader('Cache-Control', 'no-store')
  res.setHeader('Referrer-Policy', 'no-referrer')
  next()
}

const allowedHeaders =
  'Authorization, Content-Type, If-Match, If-None-Match, Idempotency-Key, Last-Event-ID, X-Request-Id'

/** Lets browser tools of exactly these origins in. Without origins it is not mounted, and no answer has CORS headers. */
export function cors(origins: readonly string[]): RequestHandler {
  const allowed = new Set(origins)
  return (req, res, next) => {
    res.vary('Origin')
    const { origin } = req.headers
    if (origin === undefined || !allowed.has(origin)) {
      next()
      return
    }
    res.setHeader('Access-Control-Allow-Origin', origin)
    res.setHeader('Access-Control-Expose-Headers', 'ETag, Location, Retry-After, X-Request-Id')
    if (req.method !== 'OPTIONS' || req.headers['access-control-request-method'] === undefined) {
      next()
      return
    }
    res.setHeader('Access-Control-Allow-Methods', 'GET, HEAD, POST, PUT, DELETE')
    res.setHeader('Access-Control-Allow-Headers', allowedHeaders)
    res.setHeader('Access-Control-Max-Age', '600')
    sendNothing(res)
  }
}
