import { type ApiKeyFacts, type BodyFacts, celSlot, type PeerCertificate, type RequestFacts } from './facts.ts'
import { toCel } from './json.ts'

/**
 * The value of the variable `request`: the facts under the names that expressions use. One per request, kept in the
 * facts' slot by {@link viewOf}; it holds nothing that could grow stale, each derived part is kept with what it was
 * derived from. It is also the set of variables of expressions that know nothing but `request`.
 */
export class RequestView {
  readonly #facts: RequestFacts
  readonly headers: ReadonlyMap<string, string>
  #body: BodyView | undefined = undefined
  #tls: TlsView | undefined = undefined

  constructor(facts: RequestFacts) {
    this.#facts = facts
    this.headers = headerMap(facts)
  }
  /** False for a view that came along when the facts were copied member by member. */
  shows(facts: RequestFacts): boolean {
    return this.#facts === facts
  }
  get request(): RequestView {
    return this
  }
  get method(): string {
    return this.#facts.method
  }
  get path(): string {
    return this.#facts.decodedPath
  }
  get host(): string {
    return this.#facts.host
  }
  get scheme(): string {
    return this.#facts.scheme
  }
  get query(): string {
    return this.#facts.query
  }
  get clientIp(): string {
    return this.#facts.clientIp
  }
  get queryParams(): ReadonlyMap<string, string> {
    return this.#facts.queryParams
  }
  get body(): BodyView | undefined {
    const body = this.#facts.body
    if (body === undefined) return undefined
    if (this.#body?.facts !== body) this.#body = new BodyView(body)
    return this.#body
  }
  get tls(): TlsView | undefined {
    const certificate = this.#facts.peerCertificate
    if (certificate === undefined) return undefined
    if (this.#tls?.certificate !== certificate) this.#tls = new TlsView(certificate)
    return this.#tls
  }
}

/** The one view of a request. */
export function viewOf(facts: RequestFacts): RequestView {
  const kept = facts[celSlot]
  if (kept instanceof RequestView && kept.shows(facts)) return kept
  const view = new RequestView(facts)
  facts[celSlot] = view
  return view
}

/** The value of `request.body`. */
export class BodyView {
  readonly facts: BodyFacts
  #json: { readonly value: unknown } | undefined = undefined
  constructor(facts: BodyFacts) {
    this.facts = facts
  }
  get raw(): string {
    return this.facts.raw
  }
  get truncated(): boolean {
    return this.facts.truncated
  }
  get size(): bigint {
    return BigInt(this.facts.size)
  }
  get json(): unknown {
    this.#json ??= { value: toCel(this.facts.json) }
    return this.#json.value
  }
}

/** The value of `request.tls`. */
export class TlsView {
  readonly certificate: PeerCertificate
  readonly peerCertificate: CertificateView
  constructor(certificate: PeerCertificate) {
    this.certificate = certificate
    this.peerCertificate = new CertificateView(certificate)
  }
}

/** The value of `request.tls.peerCertificate`. */
export class CertificateView {
  readonly uris: readonly string[]
  readonly dnsNames: readonly string[]
  readonly subject: string
  readonly serial: string
  constructor(certificate: PeerCertificate) {
    this.uris = certificate.uris
    this.dnsNames = certificate.dnsNames
    this.subject = certificate.subject
    this.serial = certificate.serial
  }
}

/** The value of `jwt`: there even when no token was verified, so that `has(jwt.claims)` can be asked. */
export class JwtView {
  readonly claims: unknown
  constructor(claims: Readonly<Record<string, unknown>> | undefined) {
    this.claims = claims === undefined ? undefined : claimsOf(claims)
  }
}

/** The value of `apiKey`: there even when no key was verified, so that `has(apiKey.id)` can be asked. */
export class ApiKeyView {
  readonly id: string | undefined
  readonly metadata: unknown
  constructor(key: ApiKeyFacts | undefined) {
    this.id = key?.id
    this.metadata = key === undefined ? undefined : claimsOf(key.metadata)
  }
}

const converted = new WeakMap<object, unknown>()

/** A token's payload, converted once however many expressions ask. The payload must not change afterwards. */
export function claimsOf(claims: Readonly<Record<string, unknown>>): unknown {
  const kept = converted.get(claims)
  if (kept !== undefined) return kept
  const value = toCel(claims)
  converted.set(claims, value)
  return value
}

/**
 * The headers as a Map that asks the facts for one header at a time and builds the whole map only when an expression
 * counts or walks it. The engine recognises maps by `instanceof Map` and by their constructor; a real Map would have
 * to be filled first.
 */
function headerMap(facts: RequestFacts): ReadonlyMap<string, string> {
  return new HeaderMap(facts) as unknown as ReadonlyMap<string, string>
}

class HeaderMap {
  readonly #facts: RequestFacts
  constructor(facts: RequestFacts) {
    this.#facts = facts
  }
  get(name: unknown): string | undefined {
    return typeof name === 'string' ? this.#facts.header(name) : undefined
  }
  has(name: unknown): boolean {
    return this.get(name) !== undefined
  }
  get size(): number {
    return this.#facts.headers.size
  }
  keys() {
    return this.#facts.headers.keys()
  }
  values() {
    return this.#facts.headers.values()
  }
  entries() {
    return this.#facts.headers.entries()
  }
  [Symbol.iterator]() {
    return this.#facts.headers.entries()
  }
}
Object.setPrototypeOf(HeaderMap.prototype, Map.prototype)
Object.defineProperty(HeaderMap.prototype, 'constructor', { value: Map })
