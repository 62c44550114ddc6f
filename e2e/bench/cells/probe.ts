import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'

/** A request that a system must answer before it is measured. */
export interface Probe {
  readonly url: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Size that the body of the answer must have. */
  readonly bytes: number
}

/** Asks once over HTTP/1.1 and throws unless the answer is 200 with a body of the right size within five seconds. */
export async function probe({ url, method = 'GET', headers = {}, body, bytes }: Probe): Promise<void> {
  const ask = url.startsWith('https:') ? httpsRequest : httpRequest
  const options = { method, headers, agent: false as const, rejectUnauthorized: false, timeout: 5_000 }
  await new Promise<void>((resolve, reject) => {
    const request = ask(url, options, (response) => {
      let size = 0
      response.on('data', (chunk: Buffer) => {
        size += chunk.length
      })
      response.on('error', reject)
      response.on('end', () => {
        if (response.statusCode === 200 && size === bytes) resolve()
        else reject(new Error(`answered ${response.statusCode} with ${size} bytes, not 200 with ${bytes}`))
      })
    })
    request.on('timeout', () => request.destroy(new Error('no answer within 5 seconds')))
    request.on('error', reject)
    request.end(body)
  })
}
