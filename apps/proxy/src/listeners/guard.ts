import type { Authority, BodyLength } from '@vrata/http1'
import { canonicalPath, clientAddress } from '@vrata/routing'
import type { AdmittedHead, Peer } from '../exchange.ts'
import { Failure } from '../failure/failure.ts'
import { trait } from '../headers/header-name.ts'
import type { ReceivedFields } from '../headers/received-fields.ts'
import { hostOf } from './authority.ts'
import type { ListenerRules } from './rules.ts'

/**
 * A request head as a protocol's reader gives it: its grammar is in order, it has one authority or none, and one way to
 * tell where its body ends. The codec's `RequestHead` is one.
 */
export interface ReceivedHead {
  readonly method: string
  /** As it was sent. */
  readonly target: string
  /** Of the target, without the query, as it was sent. */
  readonly path: string
  /** Of the target, without `?`, as it was sent. */
  readonly query: string
  readonly authority: Authority | undefined
  readonly fields: ReceivedFields & { readonly textLength: number }
  readonly bodyLength: BodyLength
}

/** What was done about a path that can be written in several ways, or would have been done by `enforce`. */
export type PathAction = 'changed' | 'refused' | 'would_change' | 'would_refuse'

/** Hears of paths that were not in their canonical form. */
export interface PathWitness {
  onPath(action: PathAction, path: string): void
}

/**
 * Admits a request or says why not. What comes out is the one form of the request that routing, policies, logs and
 * upstreams see: canonical path and host, the client's real address, nothing believed that the peer may not claim.
 */
export function admit(
  received: ReceivedHead,
  rules: ListenerRules,
  peer: Peer,
  scheme: 'http' | 'https',
  witness: PathWitness,
): AdmittedHead | Failure {
  const { fields, method, authority, bodyLength } = received
  if (received.target.length > rules.maxTargetBytes) return new Failure('uri_too_long')
  if (method === 'CONNECT') return refuse('CONNECT is not supported')
  if (fields.length > rules.maxFields || isTooLarge(fields, rules.maxFieldBytes)) {
    return new Failure('request_headers_too_large')
  }
  if (rules.underscores === 'reject' && (fields.flags & trait.underscore) !== 0) {
    return refuse('a header name contains an underscore')
  }
  if (authority === undefined) return refuse('the Host header is missing')
  const host = hostOf(authority.text)
  if (host === undefined) return refuse('malformed Host header')
  const path = canonicalPath(received.path, rules.pathMode, rules.encodedSlash)
  if (!path.ok) {
    witness.onPath('refused', received.path)
    return refuse(path.reason)
  }
  if (path.changed) witness.onPath(actionOf(path, rules), received.path)
  if (typeof bodyLength === 'number' && rules.maxBodyBytes > 0 && bodyLength > rules.maxBodyBytes) {
    return new Failure('payload_too_large')
  }
  return {
    method,
    path: path.matched,
    wirePath: path.path,
    query: received.query,
    host,
    authority: authority.text,
    scheme,
    clientIp: peer.trusted ? realAddress(peer, fields, rules) : peer.address,
    peer,
    fields,
    hidden: peer.trusted ? rules.hiddenFields : rules.hiddenFields | trait.forwarded,
    grpc: (fields.flags & trait.contentType) !== 0 && isGrpc(fields.get('content-type')),
  }
}

function actionOf({ refusal }: { readonly refusal?: string }, { pathMode }: ListenerRules): PathAction {
  if (pathMode === 'enforce') return 'changed'
  return refusal === undefined ? 'would_change' : 'would_refuse'
}

function refuse(message: string): Failure {
  return new Failure('bad_request', { message })
}

/** Whether the names and values of all lines but `Host` are longer than `limit`; 0 = no limit. */
function isTooLarge(fields: ReceivedHead['fields'], limit: number): boolean {
  if (limit === 0 || fields.textLength <= limit) return false
  let sum = 0
  for (let at = 0; at < fields.length; at++) {
    const name = fields.name(at)
    if ((name.flags & trait.host) === 0) sum += name.text.length + fields.value(at).length
  }
  return sum > limit
}

function realAddress(peer: Peer, fields: ReceivedFields, rules: ListenerRules): string {
  if ((fields.flags & trait.forwarded) === 0) return peer.address
  return clientAddress(peer.address, fields.get('x-forwarded-for'), rules.trusts)
}

/** Whether a content type says gRPC: `application/grpc`, with or without a suffix; not gRPC-Web, whose clients read plain HTTP errors. */
export function isGrpc(contentType: string | undefined): boolean {
  if (contentType === undefined || !/^application\/grpc/i.test(contentType)) return false
  const next = contentType.charAt(16)
  return next === '' || next === '+' || next === ';' || next === ' '
}
