import type { RouteEntry } from './entry.ts'

/** An answer that is the same for every request. `content-length` is left to who sends it. */
export interface DirectResponse {
  readonly status: number
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Buffer
}

/**
 * Compiles the direct response of a route. A body without a configured `content-type` is JSON if it is a JSON object or
 * list, else plain text; an empty one has none.
 *
 * @throws {TypeError} when the entry's route has no direct response
 */
export function compileDirectResponse(entry: RouteEntry): DirectResponse {
  const configured = entry.route.directResponse
  if (configured === undefined) throw new TypeError(`route ${entry.route.id} has no direct response`)
  const headers: [string, string][] = Object.entries(configured.headers)
  const typed = headers.some(([name]) => name.toLowerCase() === 'content-type')
  if (!typed && configured.body !== '') headers.push(['content-type', contentType(configured.body)])
  return { status: configured.status, headers, body: Buffer.from(configured.body, 'utf8') }
}

function contentType(body: string): string {
  return isJson(body) ? 'application/json' : 'text/plain; charset=utf-8'
}

/** A JSON object or list; a bare number or string is more likely meant as text. */
function isJson(body: string): boolean {
  if (!/^\s*[{[]/.test(body)) return false
  try {
    JSON.parse(body)
    return true
  } catch {
    return false // that it is no JSON is the answer, not a failure
  }
}
