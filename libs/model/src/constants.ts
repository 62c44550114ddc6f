/** The product's name as it appears in error lines and service names. */
export const productName = 'vrata'

/** `apiVersion` of the configuration document that `GET /config` and `PUT /config` exchange. */
export const configApiVersion = 'vrata/v1'

/** Prefix of every metric of the proxy. */
export const metricPrefix = 'vrata_'

/** Prefix of every metric of the control plane. */
export const controlPlaneMetricPrefix = 'vrata_cp_'

/** First bytes of every sealed record, on the control plane's disk and in the proxy's last good snapshot. */
export const sealMagic = 'VRE1'

/** Header names that are ours, or that both programs must spell alike. All lower case. */
export const headerNames = {
  /** A proxy's identity on the snapshot stream. */
  proxyId: 'vrata-proxy-id',
  /** UUID of one run of a proxy process. */
  proxyBoot: 'vrata-proxy-boot',
  /** Version of the proxy program. */
  proxyVersion: 'vrata-proxy-version',
  /** `k=v,k=v`, keys and values percent-encoded. */
  proxyLabels: 'vrata-proxy-labels',
  /** Set to `true` when a node without quorum answered from its own copy. */
  stale: 'vrata-stale',
  /** Set to `true` when a stored answer is repeated for a known idempotency key. */
  idempotencyReplayed: 'idempotency-replayed',
  idempotencyKey: 'idempotency-key',
  requestId: 'x-request-id',
  /** Which try of a request this is, counted from 1. Sent upstream. */
  attemptCount: 'x-request-attempt-count',
  /** Marks mirrored copies of requests. */
  mirror: 'x-vrata-mirror',
  /** Tells an authorization service that it got only the beginning of the body. */
  bodyTruncated: 'x-vrata-body-truncated',
  forwardedClientCert: 'x-forwarded-client-cert',
} as const

/** Names of the cookies that pin a client, when the configuration names none. */
export const cookieNames = {
  destinationPin: '_vrata_destination_pin',
  endpointPin: '_vrata_endpoint_pin',
} as const

/** Beginnings of the keys that proxies share in Redis. */
export const redisKeyPrefixes = {
  /** `vrata:sticky:{session}:{route}` and `vrata:sticky:{session}:{destination}:ep` */
  sticky: 'vrata:sticky:',
  /** `vrata:rl:{middleware}:{config hash}:{key hash}` */
  rateLimit: 'vrata:rl:',
} as const
