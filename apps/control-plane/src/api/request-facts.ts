import { randomUUID } from 'node:crypto'
import type { RequestHandler, Response } from 'express'

/** What is known of a request before anything looked at it. */
export interface RequestFacts {
  /** Finds this request in the log; sent back as `X-Request-Id`. */
  readonly requestId: string
  /** Address of the peer, an IPv4 one without its IPv6 clothes. */
  readonly remote: string
  /** Who asks, as far as it matters to records. */
  readonly actor: string
}

const facts = new WeakMap<Response, RequestFacts>()
const acceptable = /^[A-Za-z0-9._-]{1,64}$/

/** The first layer: gives each request its facts and echoes the request id, the client's own one when it is plain. */
export const requestFacts: RequestHandler = (req, res, next) => {
  const asked = req.headers['x-request-id']
  const requestId = typeof asked === 'string' && acceptable.test(asked) ? asked : randomUUID()
  const remote = (req.socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '')
  facts.set(res, { requestId, remote, actor: 'anonymous' })
  res.setHeader('X-Request-Id', requestId)
  next()
}

/** The facts of the request that this answer belongs to. */
export function factsOf(res: Response): RequestFacts {
  const found = facts.get(res)
  if (!found) throw new Error('the request did not pass the first layer')
  return found
}
