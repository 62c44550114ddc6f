import { sendJsonBytes } from '../answer.ts'
import { type Call, type Endpoint, endpoint } from '../endpoint.ts'
import { type OpenApi, openApi } from './openapi.ts'
import { docsPage, pagePolicy } from './page.ts'

/** The API document of these endpoints and of its own, for programs and for people. Both are made when first asked for. */
export function docsEndpoints(others: readonly Endpoint[], version: string): Endpoint[] {
  const document = once((): OpenApi => openApi([...others, ...own], version))
  const json = once(() => Buffer.from(`${JSON.stringify(document())}\n`))
  const page = once(() => Buffer.from(docsPage(document())))
  const own: Endpoint[] = [
    ...['/api/v1/docs/doc.json', '/api/v1/openapi.json'].map((path, index) =>
      endpoint('GET', path, {
        operation: {
          id: index === 0 ? 'getDocument' : 'getDocumentAlias',
          tag: 'process',
          summary: 'This document',
          answers: { 200: { description: 'OpenAPI 3.1.', schema: { type: 'object' } } },
        },
        handle: ({ res }) => sendJsonBytes(res, 200, json()),
      }),
    ),
    ...['/api/v1/docs/', '/api/v1/docs'].map((path, index) =>
      endpoint('GET', path, {
        operation: {
          id: index === 0 ? 'getPage' : 'getPageAlias',
          tag: 'process',
          summary: 'This document for people',
          answers: { 200: { description: 'A page.', type: 'text/html', schema: { type: 'string' } } },
        },
        handle: (call) => sendPage(call, page()),
      }),
    ),
  ]
  return own
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

function sendPage({ req, res }: Call, page: Buffer): void {
  res.setHeader('Content-Type', 'text/html; charset=utf-8')
  res.setHeader('Content-Security-Policy', pagePolicy)
  res.setHeader('Content-Length', page.byteLength)
  res.end(req.method === 'HEAD' ? undefined : page)
}
