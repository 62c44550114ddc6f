import { constants } from 'node:http2'
import { Failure } from '../../failure/failure.ts'
import type { Fate } from '../pool/call.ts'

/** How a stream ended that did not end well. */
export interface StreamFailure {
  readonly failure: Failure
  readonly fate: Fate
}

/** Names of error codes; the code is the position (RFC 9113, 7). */
const names = [
  ...['NO_ERROR', 'PROTOCOL_ERROR', 'INTERNAL_ERROR', 'FLOW_CONTROL_ERROR', 'SETTINGS_TIMEOUT', 'STREAM_CLOSED'],
  ...['FRAME_SIZE_ERROR', 'REFUSED_STREAM', 'CANCEL', 'COMPRESSION_ERROR', 'CONNECT_ERROR', 'ENHANCE_YOUR_CALM'],
  ...['INADEQUATE_SECURITY', 'HTTP_1_1_REQUIRED'],
]

/** Codes by which either side says that the other one broke the protocol (RFC 9113, 7). */
const protocolErrors: ReadonlySet<number> = new Set([
  constants.NGHTTP2_PROTOCOL_ERROR,
  constants.NGHTTP2_FLOW_CONTROL_ERROR,
  constants.NGHTTP2_STREAM_CLOSED,
  constants.NGHTTP2_FRAME_SIZE_ERROR,
  constants.NGHTTP2_COMPRESSION_ERROR,
])

/**
 * Judges a stream by the code that it was reset with.
 * @param unprocessed the endpoint said that it did not begin to work on it (GOAWAY)
 */
export function streamFailure(code: number, unprocessed: boolean): StreamFailure {
  const cause = new Error(`the stream was reset: ${names[code] ?? code}`)
  if (unprocessed || code === constants.NGHTTP2_REFUSED_STREAM) {
    return { failure: new Failure('connection_reset', {}, cause), fate: 'unheard' }
  }
  if (code === constants.NGHTTP2_HTTP_1_1_REQUIRED) {
    const message = 'the upstream wants HTTP/1.1 instead of HTTP/2'
    return { failure: new Failure('upstream_protocol_error', { message }, cause), fate: 'final' }
  }
  return { failure: new Failure(reasonOf(code), {}, cause), fate: 'final' }
}

/** Why the requests of a connection failed that its endpoint gave up by GOAWAY with this code. */
export function goAwayFailure(code: number): Failure {
  return new Failure(reasonOf(code), {}, new Error(`the connection was given up: ${names[code] ?? code}`))
}

function reasonOf(code: number): 'upstream_protocol_error' | 'connection_reset' {
  return protocolErrors.has(code) ? 'upstream_protocol_error' : 'connection_reset'
}
