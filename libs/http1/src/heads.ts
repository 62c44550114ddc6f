import { type Authority, hostFits } from './authority.ts'
import type { BodyLength } from './body-length.ts'
import type { Fields } from './fields.ts'
import { type Framing, type FramingFacts, requestFraming, responseFraming } from './framing.ts'
import type { Limits } from './limits.ts'
import type { Reason } from './reasons.ts'
import { type Minor, parseRequestLine, parseStatusLine, type RequestLine, type TargetForm } from './start-line.ts'
import { walkFields } from './walk.ts'

/** The head of a request. An event of the server side. */
export class RequestHead {
  readonly kind = 'request'
  readonly method: string
  /** The request target as it was sent. */
  readonly target: string
  readonly form: TargetForm
  /** 1 = HTTP/1.1, 0 = HTTP/1.0. */
  readonly minor: Minor
  /** The scheme of an absolute target; otherwise the listener knows it. */
  readonly scheme: 'http' | 'https' | undefined
  /** Of the target or of Host; undefined only in an HTTP/1.0 request that has neither. */
  readonly authority: Authority | undefined
  readonly fields: Fields
  /** Never `close`. */
  readonly framing: Framing
  /** Bytes of the body when `framing` is `length`, else 0. */
  readonly contentLength: number
  /** The client is ready to send another request after this one. */
  readonly persistent: boolean
  /** The client waits for 100 before it sends the body. False without a body and on HTTP/1.0, which does not know it. */
  readonly expectContinue: boolean
  /** The protocols that Upgrade offers, at least one, when Connection lists it and the version is 1.1. */
  readonly upgrade: readonly string[] | undefined
  readonly #pathAt: number

  /** Made by `parseRequestHead`. */
  constructor(line: RequestLine, authority: Authority | undefined, fields: Fields, facts: FramingFacts) {
    this.method = line.method
    this.target = line.target
    this.form = line.form
    this.minor = line.minor
    this.scheme = line.scheme
    this.authority = authority
    this.fields = fields
    this.framing = requestFraming(facts)
    this.contentLength = facts.contentLength ?? 0
    this.persistent = facts.persists(line.minor)
    this.expectContinue =
      facts.expectContinue &&
      line.minor === 1 &&
      this.framing !== 'none' &&
      !(this.contentLength === 0 && this.framing === 'length')
    this.upgrade = facts.upgradeListed && line.minor === 1 ? facts.upgrade : undefined
    this.#pathAt = line.pathAt
  }

  /** The length to declare when this request is forwarded. */
  get bodyLength(): BodyLength {
    if (this.framing === 'none') return 'none'
    return this.framing === 'length' ? this.contentLength : 'unknown'
  }

  /** The path as it was sent, without the query: begins with "/"; "*" for `OPTIONS *`; '' for CONNECT. */
  get path(): string {
    const query = this.target.indexOf('?', this.#pathAt)
    const path = this.target.slice(this.#pathAt, query === -1 ? this.target.length : query)
    if (path !== '' || this.form === 'authority') return path
    return this.method === 'OPTIONS' && query === -1 ? '*' : '/' // RFC 9112, 3.2.4
  }

  /** The query as it was sent, without "?"; '' when there is none. */
  get query(): string {
    const query = this.target.indexOf('?', this.#pathAt)
    return query === -1 ? '' : this.target.slice(query + 1)
  }
}

/** The head of a response, final or (status 1xx) informational. An event of the client side. */
export class ResponseHead {
  /** `informational` heads have no body and another head follows; 101 is `response`. */
  readonly kind: 'response' | 'informational'
  readonly status: number
  /** The reason phrase as it was sent. */
  readonly phrase: string
  readonly minor: Minor
  readonly fields: Fields
  readonly framing: Framing
  /** What Content-Length says, also where there is no body (HEAD, 304); undefined without it. */
  readonly contentLength: number | undefined
  /** Transfer-Encoding was sent, also where there is no body. */
  readonly chunked: boolean
  /** The server is ready for another request after this one. */
  readonly persistent: boolean
  /** The protocols in Upgrade, at least one, when Connection lists it. */
  readonly upgrade: readonly string[] | undefined

  /** Made by `parseResponseHead`. */
  constructor(status: number, phrase: string, minor: Minor, fields: Fields, facts: FramingFacts, method: string) {
    this.kind = status < 200 && status !== 101 ? 'informational' : 'response'
    this.status = status
    this.phrase = phrase
    this.minor = minor
    this.fields = fields
    this.framing = responseFraming(facts, status, method)
    this.contentLength = facts.contentLength
    this.chunked = facts.chunked
    this.persistent = facts.persists(minor) && this.framing !== 'close'
    this.upgrade = facts.upgradeListed ? facts.upgrade : undefined
  }

  /** The length to declare when this response is forwarded, also where the body itself is not sent (HEAD, 304). */
  get bodyLength(): BodyLength {
    if (this.status < 200 || this.status === 204) return 'none'
    if (this.framing === 'close' || this.chunked) return 'unknown'
    return this.contentLength ?? 'none'
  }
}

/** Which authority a request has; its Host must be there (HTTP/1.1), well formed and fit the target. RFC 9112, 3.2 */
function requestAuthority(line: RequestLine, facts: FramingFacts): Authority | undefined | Reason {
  const written = facts.host
  if (written === undefined) return line.minor === 1 ? 'host_missing' : line.authority
  const host = facts.authorityOf(written)
  if (host === undefined) return 'host_malformed'
  const { authority, scheme } = line
  if (authority === undefined) return host
  return hostFits(host, authority, scheme) ? authority : 'host_contradicts_target'
}

/** Reads the text of a whole head (checked lines, no empty line) as a request. `facts` is scratch space. */
export function parseRequestHead(text: string, facts: FramingFacts, limits: Limits): RequestHead | Reason {
  const lineEnd = text.indexOf('\r')
  const line = parseRequestLine(text, lineEnd)
  if (typeof line === 'string') return line
  facts.reset()
  const fields = walkFields(text, lineEnd + 2, facts, limits.fields)
  if (typeof fields === 'string') return fields
  const authority = requestAuthority(line, facts)
  if (typeof authority === 'string') return authority
  const conflict = facts.conflict(line.minor)
  // A tunnel begins right behind CONNECT: whoever counts a body there disagrees with whoever does not.
  if (line.form === 'authority' && (facts.chunked || (facts.contentLength ?? 0) > 0))
    return conflict ?? 'body_not_allowed'
  if (conflict !== undefined) return conflict
  const head = new RequestHead(line, authority, fields, facts)
  facts.forgetText()
  return head
}

/** Reads the text of a whole head as a response to a request with this method. `facts` is scratch space. */
export function parseResponseHead(
  text: string,
  method: string,
  facts: FramingFacts,
  limits: Limits,
): ResponseHead | Reason {
  const lineEnd = text.indexOf('\r')
  const line = parseStatusLine(text, lineEnd)
  if (typeof line === 'string') return line
  facts.reset()
  const fields = walkFields(text, lineEnd + 2, facts, limits.fields)
  if (typeof fields === 'string') return fields
  const conflict = facts.conflict(line.minor)
  if (conflict !== undefined) return conflict
  const head = new ResponseHead(line.status, line.phrase, line.minor, fields, facts, method)
  facts.forgetText()
  return head
}
