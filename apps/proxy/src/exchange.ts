import { type BodyFacts, celSlot, type PeerCertificate, type RequestFacts } from '@vrata/cel'
import { headerNames } from '@vrata/model'
import { decodePath, parseQuery, type RouteEntry } from '@vrata/routing'
import type { BodySource } from './body-source.ts'
import type { OwnCookie } from './cookies/own-cookie.ts'
import type { Downstream } from './downstream.ts'
import type { Failure } from './failure/failure.ts'
import type { ReceivedFields } from './headers/received-fields.ts'
import { newRequestId } from './headers/request-id.ts'
import { newTraceparent, traceIdOf } from './headers/traceparent.ts'
import type { ListenerRules } from './listeners/rules.ts'
import type { UpgradeOffer } from './upgrade-offer.ts'

/** Who connected: the other end of the TCP connection, not necessarily the client. */
export interface Peer {
  /** IP address in its shortest form; IPv4 without the `::ffff:` of dual-stack sockets. */
  readonly address: string
  /** Whether its `X-Forwarded-*` headers are believed. */
  readonly trusted: boolean
  /** Verified in the TLS handshake; undefined without one. */
  readonly certificate: PeerCertificate | undefined
  /** What `X-Forwarded-Client-Cert` says of it; undefined when there is nothing to say. */
  readonly certificateHeader: string | undefined
}

/** A request head after the guard: canonical, stripped of what must not be believed. */
export interface AdmittedHead {
  readonly method: string
  /** What routes and policies see: canonical, or with its escapes resolved where normalisation is off. */
  readonly path: string
  /** What goes upstream unless it is rewritten. The same as `path` unless normalisation is off. */
  readonly wirePath: string
  /** Without `?`. */
  readonly query: string
  /** Lower case, without port. */
  readonly host: string
  /** As received, with port. */
  readonly authority: string
  readonly scheme: 'http' | 'https'
  readonly clientIp: string
  readonly peer: Peer
  /** As they were received; what must not be believed is still among them. */
  readonly fields: ReceivedFields
  /** Flags of the names whose lines nobody may see: `Host`, and what the guard strips. */
  readonly hidden: number
  readonly grpc: boolean
}

/** Counts the requests that an endpoint has in flight. */
export interface InFlight {
  count: number
}

/** What the exchange belongs to until it ends; a gateway counts its exchanges. */
export interface ExchangeHome {
  leave(exchange: Exchange): void
}

const noLines: readonly string[] = []
const certificateHeader = headerNames.forwardedClientCert

/**
 * One request in flight: what is known of it, and the way back to its client. Known facts are fields, costly ones are
 * made when somebody asks. All fields are set in the constructor, so that the engine sees one shape.
 */
export class Exchange implements RequestFacts {
  readonly head: AdmittedHead
  readonly rules: ListenerRules
  readonly downstream: Downstream
  readonly requestBody: BodySource | undefined;
  [celSlot]: object | undefined = undefined
  /** Set when the client asks to change the protocol of its connection. */
  readonly upgrade: UpgradeOffer | undefined
  /** The gateway whose table it began with, or a later one in which its route is unchanged. */
  home: ExchangeHome | undefined = undefined
  /** Its position among those of its home; kept there. */
  place = -1
  route: RouteEntry | undefined = undefined
  /** Why the gateway answered by itself, or cut the answer. */
  failure: Failure | undefined = undefined
  /** Ids for error answers and logs; empty until chosen. */
  destinationId = ''
  endpointAddress = ''
  /** Where this exchange counts as a request in flight. */
  inFlight: InFlight | undefined = undefined
  /** Cookies that the client gets with its answer. */
  givenCookies: readonly OwnCookie[] | undefined = undefined
  /** Until when this exchange may wait for the session store, in the time of the proxy's clock; 0 = it has not asked. */
  sessionDeadline = 0
  body: BodyFacts | undefined = undefined
  bodyAsked = false
  /** The body with what was read of it for expressions put back in front; else the same as `requestBody`. */
  bodySource: BodySource | undefined
  #decodedPath: string | undefined = undefined
  #headers: ReadonlyMap<string, string> | undefined = undefined
  #queryParams: ReadonlyMap<string, string> | undefined = undefined
  #requestId: string | undefined = undefined
  #traceparent: string | undefined = undefined
  #onEnd: ((exchange: Exchange) => void)[] | undefined = undefined
  #ended = false

  constructor(
    head: AdmittedHead,
    rules: ListenerRules,
    downstream: Downstream,
    requestBody: BodySource | undefined,
    upgrade: UpgradeOffer | undefined,
  ) {
    this.head = head
    this.rules = rules
    this.downstream = downstream
    this.requestBody = requestBody
    this.bodySource = requestBody
    this.upgrade = upgrade
  }

  get method(): string {
    return this.head.method
  }
  get path(): string {
    return this.head.path
  }
  get query(): string {
    return this.head.query
  }
  get host(): string {
    return this.head.host
  }
  get authority(): string {
    return this.head.authority
  }
  get scheme(): 'http' | 'https' {
    return this.head.scheme
  }
  get clientIp(): string {
    return this.head.clientIp
  }
  get peerCertificate(): PeerCertificate | undefined {
    return this.head.peer.certificate
  }

  get decodedPath(): string {
    this.#decodedPath ??= decodePath(this.head.path)
    return this.#decodedPath
  }

  get queryParams(): ReadonlyMap<string, string> {
    this.#queryParams ??= parseQuery(this.head.query)
    return this.#queryParams
  }

  get headers(): ReadonlyMap<string, string> {
    this.#headers ??= joined(this.head)
    return this.#headers
  }

  /** The value of a field, several lines joined; `name` in lower case. */
  header(name: string): string | undefined {
    const { fields, hidden, peer } = this.head
    if (name === certificateHeader) return peer.certificateHeader
    let found: string | undefined
    for (let at = 0; at < fields.length; at++) {
      const { lower, flags } = fields.name(at)
      if (lower !== name || (flags & hidden) !== 0) continue
      const value = fields.value(at)
      found = found === undefined ? value : `${found}, ${value}`
    }
    return found
  }

  /** Each line of a field by itself; `name` in lower case. */
  lines(name: string): readonly string[] {
    const { fields, hidden, peer } = this.head
    if (name === certificateHeader) return peer.certificateHeader === undefined ? noLines : [peer.certificateHeader]
    let found: string[] | undefined
    for (let at = 0; at < fields.length; at++) {
      const { lower, flags } = fields.name(at)
      if (lower !== name || (flags & hidden) !== 0) continue
      found ??= []
      found.push(fields.value(at))
    }
    return found ?? noLines
  }

  /** `X-Request-Id`: that of a trusted peer, else a new one; the same each time it is asked. */
  get requestId(): string {
    this.#requestId ??= (this.head.peer.trusted ? this.header('x-request-id') : undefined) || newRequestId()
    return this.#requestId
  }

  /** W3C trace context: that of the request if it is well formed, else the beginning of a new trace. */
  get traceparent(): string {
    this.#traceparent ??= newTraceparent(this.header('traceparent'))
    return this.#traceparent
  }

  get traceId(): string {
    return traceIdOf(this.traceparent)
  }

  /** Whoever takes a slot, a count or a timer gives it back here; `release` must not throw. */
  onEnd(release: (exchange: Exchange) => void): void {
    if (this.#ended) release(this)
    else if (this.#onEnd === undefined) this.#onEnd = [release]
    else this.#onEnd.push(release)
  }

  /** Called on every path, runs once, last taken first. */
  end(): void {
    if (this.#ended) return
    this.#ended = true
    const releases = this.#onEnd
    this.#onEnd = undefined
    while (releases !== undefined && releases.length > 0) releases.pop()?.(this)
    this.home?.leave(this)
  }
}

function joined({ fields, hidden, peer }: AdmittedHead): ReadonlyMap<string, string> {
  const headers = new Map<string, string>()
  for (let at = 0; at < fields.length; at++) {
    const { lower, flags } = fields.name(at)
    if ((flags & hidden) !== 0) continue
    const before = headers.get(lower)
    const value = fields.value(at)
    headers.set(lower, before === undefined ? value : `${before}, ${value}`)
  }
  if (peer.certificateHeader !== undefined) headers.set(certificateHeader, peer.certificateHeader)
  return headers
}
