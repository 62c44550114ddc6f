import { canonicalPath, clientAddress, type RequestTarget, requestTarget } from '@vrata/routing'
import type { AdmittedHead, Peer } from '../exchange.ts'
import { Failure } from '../failure/failure.ts'
import { type HeaderName, headerName, trait } from '../headers/header-name.ts'
import { FlatFields } from '../headers/received-fields.ts'
import { hostOf } from './authority.ts'
import type { ListenerRules } from './rules.ts'

/** A request head as an engine parsed it. */
export interface RawHead {
  readonly method: string
  readonly target: string
  readonly minorVersion: number
  /** Names and values in turn, in the order of the wire; nothing joined or dropped. */
  readonly lines: readonly string[]
}

/** A head that passed, and how the body that follows is framed. */
export interface Admission {
  readonly head: AdmittedHead
  /** Bytes of the body; undefined = chunked. 0 = there is none. */
  readonly bodyLength: number | undefined
}

const chunked = -1

/** Fields that need a look; all others pass. */
const special =
  trait.host |
  trait.contentLength |
  trait.forwarded |
  trait.clientCertificate |
  trait.underscore |
  trait.hopByHop |
  trait.expect |
  trait.contentType

/**
 * Admits a request or says why not. What comes out is the one form of the request that routing, policies, logs and
 * upstreams see: canonical path and host, the client's real address, nothing believed that the peer may not claim.
 */
export function admit(raw: RawHead, rules: ListenerRules, peer: Peer, scheme: 'http' | 'https'): Admission | Failure {
  if (raw.target.length > rules.maxTargetBytes) return new Failure('uri_too_long')
  if (raw.lines.length > rules.maxFields * 2) return new Failure('request_headers_too_large')
  const target = requestTarget(raw.method, raw.target)
  if (target === undefined) return refuse('malformed request target')
  const fields = new Fields(rules, peer)
  const complaint = fields.read(raw)
  if (complaint !== undefined) return complaint
  if (rules.maxFieldBytes > 0 && fields.bytes > rules.maxFieldBytes) return new Failure('request_headers_too_large')
  if (fields.host === undefined) return refuse('the Host header is missing')
  return complete(raw, rules, peer, scheme, target, fields)
}

function complete(
  raw: RawHead,
  rules: ListenerRules,
  peer: Peer,
  scheme: 'http' | 'https',
  target: RequestTarget,
  fields: Fields,
): Admission | Failure {
  // RFC 9112, 3.2.2: in the absolute form the target decides, but `Host` must be sound all the same.
  const sent = fields.host ?? ''
  if (hostOf(sent) === undefined) return refuse('malformed Host header')
  const authority = target.authority ?? sent
  const host = hostOf(authority)
  if (host === undefined) return refuse('malformed request target')
  const path = canonicalPath(target.path, rules.pathMode, rules.encodedSlash)
  if (!path.ok) return refuse(path.reason)
  const length = fields.bodyLength
  if (rules.maxBodyBytes > 0 && length > rules.maxBodyBytes) return new Failure('payload_too_large')
  return {
    head: {
      method: raw.method,
      path: path.matched,
      wirePath: path.path,
      query: target.query,
      host,
      authority,
      scheme,
      clientIp: peer.trusted ? clientAddress(peer.address, fields.forwardedFor, rules.trusts) : peer.address,
      peer,
      fields: new FlatFields(fields.lines),
      hidden: 0,
      grpc: isGrpc(fields.contentType),
    },
    bodyLength: length === chunked ? undefined : length,
  }
}

/** One walk over the field lines of a request. */
class Fields {
  readonly lines: string[] = []
  host: string | undefined = undefined
  contentType: string | undefined = undefined
  forwardedFor: string | undefined = undefined
  /** Names and values of all lines but `Host`. */
  bytes = 0
  /** {@link chunked}, or the declared length, or 0. */
  bodyLength = 0
  readonly #rules: ListenerRules
  readonly #peer: Peer

  constructor(rules: ListenerRules, peer: Peer) {
    this.#rules = rules
    this.#peer = peer
  }

  read(raw: RawHead): Failure | undefined {
    const { lines } = raw
    for (let at = 0; at < lines.length; at += 2) {
      const name = headerName(lines[at] ?? '')
      const value = lines[at + 1] ?? ''
      this.bytes += name.text.length + value.length
      if ((name.flags & special) === 0) this.#keep(name, value)
      else {
        const complaint = this.#look(name, value, raw)
        if (complaint !== undefined) return complaint
      }
    }
    return undefined
  }

  #keep(name: HeaderName, value: string): undefined {
    this.lines.push(name.text, value)
  }

  #look(name: HeaderName, value: string, raw: RawHead): Failure | undefined {
    const traits = name.flags
    if (traits & trait.host) {
      this.bytes -= name.text.length + value.length
      if (this.host !== undefined) return refuse('more than one Host header')
      this.host = value
      return undefined
    }
    if (traits & trait.clientCertificate) return undefined
    if (traits & trait.forwarded) return this.#forwarded(name, value)
    if (traits & trait.underscore) return this.#underscore(name, value)
    if (traits & trait.contentLength && !this.#length(value)) return refuse('malformed Content-Length header')
    if (traits & trait.expect && value.toLowerCase() !== '100-continue') return refuse('unknown expectation')
    if (name.lower === 'transfer-encoding') return this.#transferCoding(value, raw.minorVersion)
    if (traits & trait.contentType) this.contentType ??= value
    return this.#keep(name, value)
  }

  #forwarded(name: HeaderName, value: string): undefined {
    if (!this.#peer.trusted) return undefined
    if (name.lower === 'x-forwarded-for') {
      this.forwardedFor = this.forwardedFor === undefined ? value : `${this.forwardedFor},${value}`
    }
    return this.#keep(name, value)
  }

  #underscore(name: HeaderName, value: string): Failure | undefined {
    if (this.#rules.underscores === 'reject') return refuse('a header name contains an underscore')
    return this.#rules.underscores === 'keep' ? this.#keep(name, value) : undefined
  }

  #length(value: string): boolean {
    if (!/^\d{1,15}$/.test(value)) return false
    this.bodyLength = Number(value)
    return true
  }

  /** Other codings than chunked would be lost on the way, and with them the meaning of the body. */
  #transferCoding(value: string, minorVersion: number): Failure | undefined {
    if (value.toLowerCase() !== 'chunked' || minorVersion === 0) return refuse('unsupported transfer coding')
    this.bodyLength = chunked
    return undefined
  }
}

function refuse(message: string): Failure {
  return new Failure('bad_request', { message })
}

/** `application/grpc`, with or without a suffix; not gRPC-Web, whose clients read plain HTTP errors. */
function isGrpc(contentType: string | undefined): boolean {
  if (contentType === undefined || !/^application\/grpc/i.test(contentType)) return false
  const next = contentType.charAt(16)
  return next === '' || next === '+' || next === ';' || next === ' '
}
