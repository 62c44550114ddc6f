/** A reverse proxy on @fastify/http-proxy, as its documentation sets one up. */
import httpProxy, { type FastifyHttpProxyOptions } from '@fastify/http-proxy'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { manyPrefix, manyRoutes, tier } from '../systems/site.ts'
import { rivalSite } from './rival-site.ts'

const site = rivalSite()
const options: FastifyHttpProxyOptions = {
  upstream: `http://127.0.0.1:${site.upstream}`,
  undici: { connections: site.connections * 2, pipelining: 1, keepAliveTimeout: 3_600_000 },
  ...(site.webSockets ? { websocket: true } : {}),
}

function create(): FastifyInstance {
  const https = { ...site.certificate }
  if (site.front === 'http') return fastify()
  if (site.front === 'tls') return fastify({ https }) as unknown as FastifyInstance
  return fastify({ http2: true, https: { ...https, allowHTTP1: true } }) as unknown as FastifyInstance
}

const app = create()
if (site.table === 'bare') app.register(httpProxy, options)
else {
  const demandTier = (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    if (request.headers[tier.header.toLowerCase()] === tier.value) done()
    else reply.code(404).send()
  }
  for (let n = 0; n < manyRoutes; n++) {
    const prefix = manyPrefix(n)
    app.register(httpProxy, { ...options, prefix, rewritePrefix: prefix, preHandler: demandTier })
  }
}
await app.listen({ port: site.port, host: '127.0.0.1', backlog: 4096 })
