import { type FieldName, fieldName, firstOwnFlag, markName, nameFlag } from '@vrata/http1'
import { forwardedHeaders, headerNames, hopByHopHeaders } from '@vrata/model'

/** A field name, looked at once: as it was sent, in lower case, and as bits of {@link trait} and of the codec. */
export type HeaderName = FieldName

const bit = (place: number) => firstOwnFlag << place

/**
 * What a gateway has to know about a header field by its name alone. Bits of `flags`, so that one test rules out all of
 * them.
 */
export const trait = {
  /** Meant for one hop: removed in both directions (RFC 9110, 7.6.1). */
  hopByHop: bit(0),
  connection: bit(1),
  host: bit(2),
  /** Framing is made anew on each side. */
  contentLength: bit(3),
  expect: bit(4),
  /** `X-Forwarded-*` and `Forwarded`: believed only from trusted peers. */
  forwarded: bit(5),
  /** The client certificate header: only the gateway itself may set it. */
  clientCertificate: bit(6),
  requestId: bit(7),
  traceparent: bit(8),
  /** The attempt counter: the client's own is always removed. */
  attemptCount: bit(9),
  te: bit(10),
  trailer: bit(11),
  server: bit(12),
  via: bit(13),
  contentType: bit(14),
  grpcTimeout: bit(15),
  date: bit(16),
  /** The name contains `_`, which some upstreams confuse with `-`. */
  underscore: nameFlag.underscore,
} as const

const { hopByHop } = trait

for (const name of hopByHopHeaders) markName(name, hopByHop)
for (const name of forwardedHeaders) markName(name, trait.forwarded)
for (const [name, traits] of [
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
  ['grpc-timeout', trait.grpcTimeout],
  ['date', trait.date],
] as const) {
  markName(name, traits)
}

/**
 * The facts about a field name, remembered by its exact spelling so that no name is lowered twice.
 * @throws TypeError when it is no token: a name that was read always is one, one that is configured has been checked
 */
export function headerName(sent: string): HeaderName {
  const name = fieldName(sent)
  if (name === undefined) throw new TypeError(`${JSON.stringify(sent)} is no name of a header`)
  return name
}
