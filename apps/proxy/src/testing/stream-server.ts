import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { SnapshotDocument } from '@vrata/model'
import { own, type Scope } from '@vrata/testkit'

/** One open snapshot stream, written to byte by byte. */
export interface OpenStream {
  readonly request: IncomingMessage
  write(text: string): void
  /** Sends a document as the control plane does. */
  snapshot(document: SnapshotDocument): void
  end(): void
  readonly closed: boolean
}

/** A control plane of which only the way it talks to proxies is real. */
export interface StreamServer {
  readonly url: string
  readonly streams: readonly OpenStream[]
  /** Bodies of reports, with the path they came to. */
  readonly reports: readonly {
    readonly path: string
    readonly body: Record<string, unknown>
    readonly request: IncomingMessage
  }[]
  /** Status of the answer to streams and reports from now on. */
  answer(status: { readonly stream?: number; readonly report?: number }): void
}

/** Starts one; with `tls` over HTTPS. */
export async function startStreamServer(scope: Scope, tls?: ServerOptions): Promise<StreamServer> {
  const streams: OpenStream[] = []
  const reports: { path: string; body: Record<string, unknown>; request: IncomingMessage }[] = []
  const status = { stream: 200, report: 204 }
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    if (request.method === 'POST') void report(request, response)
    else stream(request, response)
  }
  async function report(request: IncomingMessage, response: ServerResponse) {
    let text = ''
    for await (const chunk of request) text += String(chunk)
    reports.push({ path: request.url ?? '', body: JSON.parse(text), request })
    response.writeHead(status.report).end()
  }
  function stream(request: IncomingMessage, response: ServerResponse) {
    if (status.stream !== 200) return void response.writeHead(status.stream).end()
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
    response.flushHeaders()
    const write = (text: string) => void response.write(text)
    streams.push({
      request,
      write,
      snapshot: (document) => write(`event: snapshot\nid: ${document.seq}\ndata: ${JSON.stringify(document)}\n\n`),
      end: () => response.end(),
      get closed() {
        return response.destroyed
      },
    })
  }
  const server = tls === undefined ? createServer(onRequest) : createTlsServer(tls, onRequest)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  own(scope, async () => {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    streams,
    reports,
    answer: (next) => Object.assign(status, next),
  }
}
