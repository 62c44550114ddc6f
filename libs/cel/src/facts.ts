/**
 * The place on a {@link RequestFacts} object where this package keeps what it derived from it (wrappers, converted
 * JSON). A class that implements the interface should declare it in its constructor, `[celSlot] = undefined`, so that
 * its objects keep one shape. A field costs 20 ns per request, a WeakMap 400.
 */
export const celSlot: unique symbol = Symbol('cel')

/** What an expression can ask about a request. All getters may be lazy; they are asked repeatedly. */
export interface RequestFacts {
  /** as sent */
  readonly method: string
  /** canonical path, escapes kept: what is matched and forwarded */
  readonly path: string
  /** the canonical path percent-decoded: what expressions see as `request.path` */
  readonly decodedPath: string
  /** lower case, without port; IPv6 in brackets */
  readonly host: string
  readonly scheme: 'http' | 'https'
  /** raw, without `?` */
  readonly query: string
  /** IP address of the client, without port */
  readonly clientIp: string
  /** lower-case name -> lines joined by `, `; without `host` */
  readonly headers: ReadonlyMap<string, string>
  /** form-decoded name -> first value; a plain Map */
  readonly queryParams: ReadonlyMap<string, string>
  /** One header by its lower-case name, without building the map. */
  header(name: string): string | undefined
  /** undefined until the body was buffered, or when there is none to see */
  readonly body: BodyFacts | undefined
  /** true once buffering was tried: whoever reads the body then gets whatever `body` is */
  readonly bodyAsked: boolean
  /** the certificate the client proved its identity with; undefined without one */
  readonly peerCertificate: PeerCertificate | undefined
  [celSlot]?: object | undefined
}

/** The buffered start of a request body. A new body is a new object: what is derived is kept per object. */
export interface BodyFacts {
  /** the text, at most as much as the limit allows */
  readonly raw: string
  /** the JSON value as parseJsonBody gives it; undefined = not JSON, or the body is over the limit */
  readonly json: unknown
  /** the body is longer than the limit */
  readonly truncated: boolean
  /** bytes read */
  readonly size: number
}

/** What is shown of a verified client certificate. */
export interface PeerCertificate {
  /** URI subject alternative names, SPIFFE ids among them */
  readonly uris: readonly string[]
  /** DNS subject alternative names */
  readonly dnsNames: readonly string[]
  /** RFC 2253 text, `CN=agent-a,O=myorg` */
  readonly subject: string
  /** lower-case hex without leading zeros */
  readonly serial: string
}

/** What a verified API key says about its holder. */
export interface ApiKeyFacts {
  readonly id: string
  readonly metadata: Readonly<Record<string, unknown>>
}

/** What expressions over a request and the identities found so far see. */
export interface RequestInput {
  readonly facts: RequestFacts
  /** payload of the verified token; undefined before or without one */
  readonly jwtClaims?: Readonly<Record<string, unknown>> | undefined
  /** undefined before or without a verified key */
  readonly apiKey?: ApiKeyFacts | undefined
}

/** What expressions over the claims of a token see. */
export interface ClaimsInput {
  /** payload of the token */
  readonly claims: Readonly<Record<string, unknown>>
  /** seconds since 1970; fractions are cut off */
  readonly now: number
  readonly facts: RequestFacts
}
