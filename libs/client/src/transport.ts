import { NoAnswerError, toApiError } from './errors.ts'

/** Where the control plane is and how to talk to it. */
export interface ClientOptions {
  /** Address of the control plane, for example `http://localhost:8080`; a path in it is kept as a prefix. */
  readonly baseUrl: string
  /** Sent as bearer token; no header without it. */
  readonly apiKey?: string
  /** Milliseconds until a call without an answer fails; default 30000. */
  readonly timeout?: number
}

/** One call. `path` begins with `/` and is already encoded. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly body?: unknown
}

/** Sends a call and gives the parsed JSON of the answer; undefined when the answer has no body. */
export type Send = (call: Call) => Promise<unknown>

/**
 * The one place that knows fetch. Rejects with `ApiError` for an answer that is no success and with `NoAnswerError`
 * when there is no usable answer.
 */
export function transport({ baseUrl, apiKey, timeout = 30_000 }: ClientOptions): Send {
  const base = baseUrl.replace(/\/+$/, '')
  return async ({ method, path, body }) => {
    const url = base + path
    const headers: Record<string, string> = { accept: 'application/json' }
    if (apiKey !== undefined) headers['authorization'] = `Bearer ${apiKey}`
    if (body !== undefined) headers['content-type'] = 'application/json'
    const limit = AbortSignal.timeout(timeout)
    const init: RequestInit = {
      method,
      headers,
      // a redirect would repeat the call, perhaps with the key, at a place nobody named
      redirect: 'manual',
      signal: limit,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }
    let response: Response
    let text: string
    try {
      response = await fetch(url, init)
      text = await response.text()
    } catch (error) {
      throw new NoAnswerError(`${method} ${url}`, reason(error, limit, timeout), error)
    }
    if (!response.ok) throw toApiError(response.status, response.statusText, text)
    if (text === '') return undefined
    try {
      return JSON.parse(text)
    } catch (error) {
      throw new NoAnswerError(`${method} ${url}`, `the answer with status ${response.status} is not JSON`, error)
    }
  }
}

/** fetch hides the errno in `cause`; it is what the reader needs. */
function reason(error: unknown, limit: AbortSignal, timeout: number): string {
  if (limit.aborted) return `no answer within ${timeout} ms`
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  if (cause instanceof AggregateError && cause.errors.length > 0) return String(cause.errors[0]?.message ?? cause)
  return cause instanceof Error ? cause.message : error.message
}
