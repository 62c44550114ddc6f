import { once } from 'node:events'
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'

/** For tests: an answer, read to its end. */
export interface TestAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** The body as JSON; throws when it is none. */
  readonly json: unknown
  /** The body as a document that the test knows. */
  read<T>(): T
}

/** For tests: one request on a connection of its own. A string or bytes as body go out as they are. */
export async function send(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<TestAnswer> {
  const raw = typeof body === 'string' || body instanceof Uint8Array
  const bytes = body === undefined ? undefined : raw ? body : JSON.stringify(body)
  const typed = bytes === undefined ? {} : { 'content-type': 'application/json' }
  // The path as it is: a URL would be made canonical first.
  const { hostname, port } = new URL(url)
  const sent = httpRequest({ hostname, port, path, method, agent: false, headers: { ...typed, ...headers } })
  sent.end(bytes)
  const [answer]: IncomingMessage[] = await once(sent, 'response')
  if (!answer) throw new Error('no answer')
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString()
  const read = <T>(): T => JSON.parse(text)
  return {
    status: answer.statusCode ?? 0,
    headers: answer.headers,
    text,
    read,
    get json() {
      return read()
    },
  }
}
