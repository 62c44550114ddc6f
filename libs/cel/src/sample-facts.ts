import type { BodyFacts, PeerCertificate, RequestFacts } from './facts.ts'
import { isJsonType, parseJsonBody } from './json.ts'

/** A request in a few words. What is left out: GET http://localhost/ from 127.0.0.1 without headers or body. */
export interface SampleRequest {
  readonly method?: string
  readonly scheme?: 'http' | 'https'
  readonly host?: string
  /** canonical path; may carry a query behind `?` */
  readonly path?: string
  /** raw, without `?` */
  readonly query?: string
  /** names in any case; several lines as a list */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  /** text, or any other JSON value, which sets `content-type: application/json` unless there is one */
  readonly body?: unknown
  /** bytes of the body that are seen; default 65536 */
  readonly bodyLimit?: number
  /** default true; false: a request whose body was not asked for yet */
  readonly bodyAsked?: boolean
  readonly clientIp?: string
  readonly peerCertificate?: Partial<PeerCertificate>
}

/** Facts of a request that never was: for explaining a route table and for tests. Plain and complete, not fast. */
export function sampleFacts(sample: SampleRequest = {}): RequestFacts {
  const [path = '/', queryOfPath = ''] = splitOnce(sample.path ?? '/', '?')
  const query = sample.query ?? queryOfPath
  const headers = headersOf(sample)
  const bodyAsked = sample.bodyAsked ?? true
  return {
    method: sample.method ?? 'GET',
    scheme: sample.scheme ?? 'http',
    host: sample.host ?? 'localhost',
    path,
    decodedPath: percentDecoded(path),
    query,
    clientIp: sample.clientIp ?? '127.0.0.1',
    headers,
    queryParams: queryParamsOf(query),
    header: (name) => headers.get(name),
    body: bodyAsked ? bodyOf(sample, headers.get('content-type')) : undefined,
    bodyAsked,
    peerCertificate: sample.peerCertificate && {
      uris: [],
      dnsNames: [],
      subject: '',
      serial: '',
      ...sample.peerCertificate,
    },
  }
}

function headersOf({ headers = {}, body }: SampleRequest): Map<string, string> {
  const joined = new Map<string, string>()
  for (const [name, value] of Object.entries(headers)) {
    joined.set(name.toLowerCase(), typeof value === 'string' ? value : value.join(', '))
  }
  const isJson = body !== undefined && typeof body !== 'string'
  if (isJson && !joined.has('content-type')) joined.set('content-type', 'application/json')
  return joined
}

function bodyOf({ body, bodyLimit = 65536 }: SampleRequest, contentType: string | undefined): BodyFacts | undefined {
  if (body === undefined) return undefined
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  const truncated = bytes.length > bodyLimit
  const seen = bytes.subarray(0, bodyLimit)
  const raw = seen.toString()
  return {
    raw,
    json: isJsonType(contentType) && !truncated ? parseJsonBody(raw) : undefined,
    truncated,
    size: seen.length,
  }
}

function queryParamsOf(query: string): Map<string, string> {
  const first = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(query)) if (!first.has(name)) first.set(name, value)
  return first
}

function percentDecoded(path: string): string {
  const bytes = Buffer.from(path).toString('latin1')
  const decoded = bytes.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(decoded, 'latin1').toString()
}

function splitOnce(text: string, separator: string): readonly string[] {
  const at = text.indexOf(separator)
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}
