import { completeLimits, type Limits } from '@vrata/http1'
import type { Listener } from '@vrata/model'
import { parseDuration } from '@vrata/notation'
import { compileHostnames, type EncodedSlash, type PathMode, type Trust, trustOf } from '@vrata/routing'
import type { ErrorDetail } from '../failure/failure-answer.ts'
import { trait } from '../headers/header-name.ts'

/** Milliseconds; 0 = no limit. */
export interface ListenerTimeouts {
  readonly clientHeader: number
  readonly clientRequest: number
  readonly clientRequestTotal: number
  readonly clientResponse: number
  readonly idleBetweenRequests: number
  readonly idleStream: number
}

/** A listener, compiled: everything but its socket. Replaced as a whole on the living socket. */
export interface ListenerRules {
  readonly id: string
  readonly name: string
  readonly acceptsHost: (host: string) => boolean
  readonly pathMode: PathMode
  readonly encodedSlash: EncodedSlash
  /** Most bytes of names and values of all fields but `Host`; 0 = no own limit. */
  readonly maxFieldBytes: number
  readonly maxTargetBytes: number
  readonly maxFields: number
  /** 0 = no limit. */
  readonly maxBodyBytes: number
  readonly maxConnections: number
  /** HTTP/2 requests in flight on one connection. */
  readonly maxStreams: number
  /** The limits that the HTTP/1.1 codec checks by itself. */
  readonly codecLimits: Limits
  readonly http2: boolean
  readonly trusts: Trust
  /** Flags of the names whose lines nobody behind the listener sees, whoever the peer is. */
  readonly hiddenFields: number
  /** Form of `X-Forwarded-Client-Cert`. */
  readonly xfcc: 'uri' | 'envoy'
  readonly underscores: 'keep' | 'drop' | 'reject'
  readonly via: boolean
  /** Value of `Server` on every answer; empty = that of the upstream passes. */
  readonly serverName: string
  readonly detail: ErrorDetail
  readonly timeouts: ListenerTimeouts
  readonly drainTimeout: number
}

/** Compiles what a listener says; called once per listener and activation. */
export function listenerRules(listener: Listener): ListenerRules {
  const { limits } = listener
  return {
    id: listener.id,
    name: listener.name,
    acceptsHost: compileHostnames(listener.hostnames ?? []),
    pathMode: listener.pathNormalization,
    encodedSlash: listener.encodedSlash,
    maxFieldBytes: listener.maxRequestHeadersKB * 1024,
    maxTargetBytes: limits.maxUrlBytes,
    maxFields: limits.maxHeaders,
    maxBodyBytes: limits.maxBodyBytes,
    maxConnections: limits.maxConnections,
    maxStreams: limits.maxStreamsPerConnection,
    codecLimits: codecLimits(listener),
    http2: listener.http2,
    trusts: trustOf(listener.trustedProxies),
    hiddenFields: trait.host | trait.clientCertificate | (listener.underscoreHeaders === 'keep' ? 0 : trait.underscore),
    xfcc: listener.tls?.clientAuth?.xfcc ?? 'uri',
    underscores: listener.underscoreHeaders,
    via: listener.via,
    serverName: listener.serverName ?? '',
    detail: listener.proxyErrors.detail,
    timeouts: timeoutsOf(listener.timeouts),
    drainTimeout: parseDuration(listener.drainTimeout) ?? 0,
  }
}

/** Hard cap on a request head, request line and `Host` included, in bytes, where the listener sets no limit. */
const maxHead = 1_048_576

/** What a request line has beside its target: the longest method, two spaces, the version. */
const aroundTarget = 32 + 2 + 'HTTP/1.1'.length

/** What a head has beside the names and values that are counted: `Host`, and around each line a colon, a space and CRLF. */
const hostLine = 512
const aroundField = 4

/** Never narrower than what the guard checks, whose limits are exact. */
function codecLimits({ limits, maxRequestHeadersKB }: Listener): Limits {
  const startLine = limits.maxUrlBytes + aroundTarget
  const around = startLine + hostLine + aroundField * limits.maxHeaders
  const head = maxRequestHeadersKB === 0 ? maxHead : maxRequestHeadersKB * 1024
  return completeLimits({ startLine, head: head + around, fields: limits.maxHeaders })
}

/** A limit of 0 for the head or between requests leaves them to the limit of the body (`clientRequest`). */
function timeoutsOf(timeouts: Listener['timeouts']): ListenerTimeouts {
  const clientRequest = parseDuration(timeouts.clientRequest) ?? 0
  return {
    clientHeader: parseDuration(timeouts.clientHeader) || clientRequest,
    clientRequest,
    clientRequestTotal: parseDuration(timeouts.clientRequestTotal ?? '0s') ?? 0,
    clientResponse: parseDuration(timeouts.clientResponse) ?? 0,
    idleBetweenRequests: parseDuration(timeouts.idleBetweenRequests) || clientRequest,
    idleStream: parseDuration(timeouts.idleStream) ?? 0,
  }
}
