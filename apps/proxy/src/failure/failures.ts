/** Whose doing a failure is; metrics, retries and logs will read it. */
export type FailureSide = 'client' | 'gateway' | 'upstream'

/** What is fixed about one kind of failure. */
export interface FailureKind {
  /** HTTP status of the answer. */
  readonly status: number
  readonly side: FailureSide
  /** The sentence a client may see: never an address, a path or the text of a library. */
  readonly message: string
  /** `grpc-status` when the request is gRPC; 14 (UNAVAILABLE) unless given. */
  readonly grpcStatus?: number
}

/**
 * Every reason for which the gateway answers by itself. The key is public: it is the `error` of the answer, and the
 * word that logs and documentation use.
 */
export const failures = {
  bad_request: { status: 400, side: 'client', message: 'malformed request', grpcStatus: 3 },
  request_timeout: { status: 408, side: 'client', message: 'the request did not arrive in time', grpcStatus: 4 },
  payload_too_large: { status: 413, side: 'client', message: 'request body too large', grpcStatus: 8 },
  uri_too_long: { status: 414, side: 'client', message: 'request target too long', grpcStatus: 3 },
  request_headers_too_large: { status: 431, side: 'client', message: 'request headers too large', grpcStatus: 8 },
  no_route: { status: 404, side: 'client', message: 'no matching route', grpcStatus: 12 },
  internal_error: { status: 500, side: 'gateway', message: 'the gateway made a mistake', grpcStatus: 13 },
  middleware_unavailable: { status: 503, side: 'gateway', message: 'a middleware of this route is not available' },
  not_ready: { status: 503, side: 'gateway', message: 'no configuration is active yet' },
  overloaded: { status: 503, side: 'gateway', message: 'too many requests are waiting', grpcStatus: 14 },
  circuit_open: { status: 503, side: 'gateway', message: 'circuit breaker open' },
  no_destination: { status: 502, side: 'upstream', message: 'no destination available' },
  no_endpoint: { status: 502, side: 'upstream', message: 'no healthy endpoint' },
  connection_refused: { status: 502, side: 'upstream', message: 'the upstream could not be connected' },
  connection_reset: { status: 502, side: 'upstream', message: 'the upstream reset the connection' },
  dns_failure: { status: 502, side: 'upstream', message: 'the name of the upstream could not be resolved' },
  tls_handshake_failure: { status: 502, side: 'upstream', message: 'the TLS handshake with the upstream failed' },
  upstream_protocol_error: { status: 502, side: 'upstream', message: 'the upstream did not answer with valid HTTP' },
  timeout: { status: 504, side: 'upstream', message: 'the upstream did not answer in time', grpcStatus: 4 },
} as const satisfies Record<string, FailureKind>

export type FailureReason = keyof typeof failures
