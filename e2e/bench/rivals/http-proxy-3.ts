/** A plain reverse proxy on http-proxy-3, as small as one would write it. */
import { Agent, createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import { createServer as createTlsServer } from 'node:https'
import { createProxyServer } from 'http-proxy-3'
import { manyPrefix, manyRoutes, tier } from '../systems/site.ts'
import { rivalSite } from './rival-site.ts'

const site = rivalSite()
const target = `http://127.0.0.1:${site.upstream}`
const proxy = createProxyServer({
  target,
  xfwd: true,
  agent: new Agent({ keepAlive: true, maxSockets: site.connections * 2, maxFreeSockets: site.connections * 2 }),
})
proxy.on('error', (_error, _request, response) => {
  if ('writeHead' in response && !response.headersSent) response.writeHead(502)
  response.end()
})

const prefixes = new Set(Array.from({ length: manyRoutes }, (_, n) => manyPrefix(n)))

function isRouted({ url = '', headers }: Pick<IncomingMessage, 'url' | 'headers'>): boolean {
  if (site.table === 'bare') return true
  return prefixes.has(url.slice(0, url.indexOf('/', 1))) && headers[tier.header.toLowerCase()] === tier.value
}

function answer(request: IncomingMessage | Http2ServerRequest, response: ServerResponse | Http2ServerResponse): void {
  if (isRouted(request)) {
    proxy.web(request as IncomingMessage, response as ServerResponse)
    return
  }
  response.statusCode = 404
  response.end()
}

function create() {
  if (site.front === 'http') return createServer(answer)
  if (site.front === 'tls') return createTlsServer({ ...site.certificate }, answer)
  return createSecureServer({ ...site.certificate, allowHTTP1: true }, answer)
}

const server = create()
if (site.webSockets) server.on('upgrade', (request, socket, head) => proxy.ws(request, socket, head))
server.listen(site.port, '127.0.0.1', 4096)
