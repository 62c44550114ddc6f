import { type ExplainRequest, forwardedHeaders, headerNames, type Listener } from '@vrata/model'
import { type Refusal, refusal } from './refusal.ts'

/** The headers of a described request, as far as a listener lets them through. */
export interface Fields {
  /** As the client sends it. */
  readonly host: string
  /** By name in lower case. */
  readonly lines: ReadonlyMap<string, readonly string[]>
}

/**
 * Reads the headers as a listener does: the host is taken out, what only proxies may say is believed from trusted peers
 * alone, and underscores are treated as the listener wants.
 */
export function fieldsOf(sample: ExplainRequest, listener: Listener, trusted: boolean): Fields | Refusal {
  const { limits, maxRequestHeadersKB, underscoreHeaders } = listener
  const lines = new Map<string, string[]>()
  const hosts = sample.host === undefined ? [] : [sample.host]
  let bytes = 0
  let count = 0
  for (const [name, value] of Object.entries(sample.headers).flatMap(eachLine)) {
    const lower = name.toLowerCase()
    if (lower === 'host') {
      hosts.push(value)
      continue
    }
    count++
    bytes += name.length + value.length
    if (lower.includes('_') && underscoreHeaders === 'reject') {
      return refusal('bad_request', 'a header name contains an underscore')
    }
    if (!passes(lower, underscoreHeaders, trusted)) continue
    const known = lines.get(lower)
    if (known === undefined) lines.set(lower, [value])
    else known.push(value)
  }
  const [host = 'localhost', ...more] = hosts
  if (more.length > 0) return refusal('bad_request', 'more than one Host header')
  const tooLarge = maxRequestHeadersKB > 0 && bytes > maxRequestHeadersKB * 1024
  if (tooLarge || count + 1 > limits.maxHeaders) {
    return refusal('request_headers_too_large', 'there are too many headers, or they are too large')
  }
  return { host, lines }
}

function eachLine([name, values]: readonly [string, string | readonly string[]]): [string, string][] {
  return (typeof values === 'string' ? [values] : values).map((value) => [name, value])
}

function passes(name: string, underscores: Listener['underscoreHeaders'], trusted: boolean): boolean {
  if (name === headerNames.forwardedClientCert) return false
  if (forwardedHeaders.has(name)) return trusted
  return underscores === 'keep' || !name.includes('_')
}
