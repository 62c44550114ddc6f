import { Failure } from './failure.ts'
import type { FailureReason } from './failures.ts'

/** How far an exchange with an upstream had come when something was thrown. */
export type UpstreamPhase = 'connect' | 'handshake' | 'exchange'

/** Codes that say the same in every phase. */
const byCode: Readonly<Record<string, FailureReason>> = {
  ENOTFOUND: 'dns_failure',
  ENODATA: 'dns_failure',
  ESERVFAIL: 'dns_failure',
  EAI_AGAIN: 'dns_failure',
  EAI_FAIL: 'dns_failure',
  EAI_NODATA: 'dns_failure',
  EAI_NONAME: 'dns_failure',
  ECONNREFUSED: 'connection_refused',
  EHOSTUNREACH: 'connection_refused',
  ENETUNREACH: 'connection_refused',
  ENETDOWN: 'connection_refused',
  EADDRNOTAVAIL: 'connection_refused',
  EMFILE: 'connection_refused',
  ETIMEDOUT: 'timeout',
}

/**
 * Turns whatever a socket, TLS or the HTTP client threw into a Failure. Nothing else in the proxy reads error codes of
 * the platform.
 */
export function toFailure(thrown: unknown, phase: UpstreamPhase): Failure {
  if (thrown instanceof Failure) return thrown
  const code = codeOf(thrown)
  if (phase === 'handshake' || isTlsCode(code)) return new Failure('tls_handshake_failure', {}, thrown)
  const reason = byCode[code]
  if (reason === 'timeout') return new Failure('timeout', { timeout: phase === 'connect' ? 'connect' : 'idle' }, thrown)
  if (reason !== undefined) return new Failure(reason, {}, thrown)
  if (phase === 'connect') return new Failure('connection_refused', {}, thrown)
  if (code === 'ECONNRESET' || code === 'EPIPE') return new Failure('connection_reset', {}, thrown)
  return new Failure('upstream_protocol_error', {}, thrown)
}

/** The errno name of something thrown by the platform, `''` when it has none. For log lines and acks. */
export function codeOf(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) return ''
  // All addresses of a name failed: the first one that says why speaks for all.
  if (thrown instanceof AggregateError) {
    const first: unknown = thrown.errors.find((error: unknown) => codeOf(error) !== '')
    if (first !== undefined) return codeOf(first)
  }
  return 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''
}

/** OpenSSL's own codes (`ERR_SSL_…`), Node's (`ERR_TLS_…`) and the verdicts on a chain (`CERT_HAS_EXPIRED`, …). */
function isTlsCode(code: string): boolean {
  return (
    code.startsWith('ERR_SSL_') ||
    code.startsWith('ERR_TLS_') ||
    code.startsWith('CERT_') ||
    code.startsWith('UNABLE_TO_') ||
    code.startsWith('SELF_SIGNED_CERT') ||
    code === 'DEPTH_ZERO_SELF_SIGNED_CERT' ||
    code === 'INVALID_CA' ||
    code === 'HOSTNAME_MISMATCH' ||
    code === 'EPROTO'
  )
}
