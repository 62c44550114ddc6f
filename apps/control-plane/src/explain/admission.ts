import { type RequestFacts, sampleFacts } from '@vrata/cel'
import { type ExplainRequest, headerNames, type Listener } from '@vrata/model'
import {
  canonicalHost,
  canonicalPath,
  clientAddress,
  compileHostnames,
  decodePath,
  escapeNonAscii,
  forwardedCertificate,
  parseQuery,
  type RequestTarget,
  requestTarget,
  trustOf,
} from '@vrata/routing'
import { fieldsOf } from './fields.ts'
import { type Refusal, refusal } from './refusal.ts'

/** A described request in the form in which routes and policies see it. */
export interface AdmittedRequest {
  readonly facts: RequestFacts & { readonly authority: string }
  /** What goes upstream unless it is rewritten: not the path of the facts where normalisation is off. */
  readonly wirePath: string
  /** Each line of each header by itself; names in lower case. */
  readonly lines: ReadonlyMap<string, readonly string[]>
}

/** Either the request as it is seen, or why it is refused. */
export type Admission =
  | { readonly ok: true; readonly admitted: AdmittedRequest }
  | { readonly ok: false; readonly refusal: Refusal }

/**
 * What a listener makes of a request before any route is asked: what is not to be believed is left out; address, host
 * and path get their one form; what must not pass is refused.
 */
export function admit(sample: ExplainRequest, listener: Listener): Admission {
  const { limits } = listener
  const typed = typedTarget(sample)
  if (typed.length > limits.maxUrlBytes) return refused(refusal('uri_too_long', 'the URL is too long'))
  const target = isSendable(typed) ? requestTarget(sample.method, typed) : undefined
  if (target === undefined) return refused(refusal('bad_request', 'malformed request target'))
  const peer = shortest(sample.clientIp)
  const trusts = trustOf(listener.trustedProxies)
  const fields = fieldsOf(sample, listener, trusts(peer))
  if ('error' in fields) return refused(fields)
  const authority = target.authority ?? fields.host
  const host = canonicalHost(authority)
  if (host === undefined || canonicalHost(fields.host) === undefined) {
    return refused(refusal('bad_request', 'malformed host'))
  }
  const path = canonicalPath(target.path, listener.pathNormalization, listener.encodedSlash)
  if (!path.ok) return refused(refusal('bad_request', path.reason))
  if (limits.maxBodyBytes > 0 && Buffer.byteLength(sample.body ?? '') > limits.maxBodyBytes) {
    return refused(refusal('payload_too_large', 'the body is too large'))
  }
  if (!compileHostnames(listener.hostnames ?? [])(host)) {
    return refused(refusal('no_route', 'the listener is not meant for this host'))
  }
  const clientIp = clientAddress(peer, fields.lines.get('x-forwarded-for')?.join(','), trusts)
  const lines = withCertificate(fields.lines, sample, listener)
  const seen = { authority, host, path: path.matched, clientIp, lines }
  return {
    ok: true,
    admitted: { facts: factsOf(sample, listener, target, seen), wirePath: path.path, lines },
  }
}

function refused(why: Refusal): Admission {
  return { ok: false, refusal: why }
}

/** The target as a client sends it: what may not stand in one but is typed by people is escaped. */
function typedTarget({ path, query }: ExplainRequest): string {
  return escapeNonAscii(query === undefined ? path : `${path}?${query}`).replaceAll(' ', '%20')
}

/** No client can send control characters in a target: proxies do not even parse such a request. */
function isSendable(target: string): boolean {
  return !/\p{Cc}/u.test(target)
}

/** An address in its shortest form, as connections show it. */
function shortest(address: string): string {
  return canonicalHost(address.includes(':') ? `[${address}]` : address)?.replace(/^\[|\]$/g, '') ?? address
}

/** The headers with the one that tells of the certificate, as if the listener had asked for it. */
function withCertificate(
  lines: ReadonlyMap<string, readonly string[]>,
  { tls }: ExplainRequest,
  listener: Listener,
): ReadonlyMap<string, readonly string[]> {
  const certificate = certificateOf(tls)
  const told =
    certificate &&
    forwardedCertificate({ ...certificate, hash: certificate.hash }, listener.tls?.clientAuth?.xfcc ?? 'uri')
  return told === undefined ? lines : new Map(lines).set(headerNames.forwardedClientCert, [told])
}

function certificateOf(tls: ExplainRequest['tls']) {
  return typeof tls === 'object' ? tls.peerCertificate : undefined
}

interface Seen {
  readonly authority: string
  readonly host: string
  readonly path: string
  readonly clientIp: string
  readonly lines: AdmittedRequest['lines']
}

function factsOf(
  { method, scheme, body = '', tls }: ExplainRequest,
  listener: Listener,
  { query }: RequestTarget,
  { authority, host, path, clientIp, lines }: Seen,
): AdmittedRequest['facts'] {
  const encrypted = scheme === undefined ? (tls ?? listener.tls !== undefined) !== false : scheme === 'https'
  const certificate = certificateOf(tls)
  const facts = sampleFacts({
    method,
    scheme: encrypted ? 'https' : 'http',
    host,
    path,
    query,
    headers: Object.fromEntries(lines),
    body,
    clientIp,
    ...(certificate === undefined ? {} : { peerCertificate: certificate }),
  })
  return { ...facts, decodedPath: decodePath(path), queryParams: parseQuery(query), authority }
}
