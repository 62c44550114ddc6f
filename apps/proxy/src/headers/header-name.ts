import { forwardedHeaders, headerNames, hopByHopHeaders } from '@vrata/model'

/** What a gateway has to know about a header field by its name alone. Bits, so that one test rules out all of them. */
export const trait = {
  /** Meant for one hop: removed in both directions (RFC 9110, 7.6.1). */
  hopByHop: 1,
  connection: 2,
  host: 4,
  /** Framing is made anew on each side. */
  contentLength: 8,
  expect: 16,
  /** `X-Forwarded-*` and `Forwarded`: believed only from trusted peers. */
  forwarded: 32,
  /** The client certificate header: only the gateway itself may set it. */
  clientCertificate: 64,
  requestId: 128,
  traceparent: 256,
  /** The attempt counter: the client's own is always removed. */
  attemptCount: 512,
  te: 1024,
  trailer: 2048,
  server: 4096,
  /** The name contains `_`, which some upstreams confuse with `-`. */
  underscore: 8192,
  via: 16384,
  contentType: 32768,
} as const

const { hopByHop } = trait

const traitsByName: ReadonlyMap<string, number> = new Map([
  ...Array.from(hopByHopHeaders, (name) => [name, hopByHop] as const),
  ...Array.from(forwardedHeaders, (name) => [name, trait.forwarded] as const),
  ['connection', hopByHop | trait.connection],
  ['te', hopByHop | trait.te],
  ['trailer', hopByHop | trait.trailer],
  ['host', trait.host],
  ['content-length', trait.contentLength],
  ['expect', trait.expect],
  [headerNames.forwardedClientCert, trait.clientCertificate],
  ['x-request-id', trait.requestId],
  ['traceparent', trait.traceparent],
  ['x-request-attempt-count', trait.attemptCount],
  ['server', trait.server],
  ['via', trait.via],
  ['content-type', trait.contentType],
])

/** A field name, looked at once. */
export interface HeaderName {
  /** As it was sent: passed on in this spelling. */
  readonly sent: string
  readonly lower: string
  /** Bits of {@link trait}; 0 for the great majority. */
  readonly traits: number
}

/** Spellings seen lately. Bounded, because clients choose names; what does not fit is looked at each time. */
const known = new Map<string, HeaderName>()
const maxKnown = 4096

/** The facts about a field name, remembered by its exact spelling so that no name is lowered twice. */
export function headerName(sent: string): HeaderName {
  const found = known.get(sent)
  if (found !== undefined) return found
  const lower = sent.toLowerCase()
  const traits = (traitsByName.get(lower) ?? 0) | (lower.includes('_') ? trait.underscore : 0)
  const name = { sent, lower, traits }
  if (known.size < maxKnown && sent.length <= 64) known.set(sent, name)
  return name
}
