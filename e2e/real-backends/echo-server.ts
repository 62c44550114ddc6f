import { createHash } from 'node:crypto'
import { type Backend, type Scope, startBackend } from '@vrata/testkit'

/** Bytes of the answer to `/large`. */
export const largeSize = 3_000_000

const large = Buffer.alloc(largeSize, 'vrata')

/** What stands behind every server: `/echo` gives a body back, `/digest` its size and hash, `/large` much. */
export function startEchoServer(scope: Scope): Promise<Backend> {
  return startBackend(scope, {
    recordBodies: false,
    handler: async (request, response) => {
      const path = request.url ?? '/'
      if (path.endsWith('/large')) {
        response.writeHead(200, { 'content-length': largeSize }).end(request.method === 'HEAD' ? undefined : large)
      } else if (path.endsWith('/echo')) {
        response.writeHead(200, { 'content-type': 'text/plain' })
        request.pipe(response)
      } else if (path.endsWith('/digest')) {
        const hash = createHash('sha256')
        let size = 0
        for await (const chunk of request) {
          hash.update(chunk)
          size += (chunk as Buffer).length
        }
        response.end(`${size} ${hash.digest('hex')}`)
      } else if (path.endsWith('/empty')) response.writeHead(204).end()
      else response.writeHead(200, { 'content-length': 5 }).end('hello')
    },
  })
}
