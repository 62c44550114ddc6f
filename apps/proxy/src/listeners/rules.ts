import { type Listener, parseDuration } from '@vrata/model'
import { compileHostnames, type EncodedSlash, type PathMode, type Trust, trustOf } from '@vrata/routing'
import type { ErrorDetail } from '../failure/failure-answer.ts'

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
  readonly trusts: Trust
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
    trusts: trustOf(listener.trustedProxies),
    underscores: listener.underscoreHeaders,
    via: listener.via,
    serverName: listener.serverName ?? '',
    detail: listener.proxyErrors.detail,
    timeouts: timeoutsOf(listener.timeouts),
    drainTimeout: parseDuration(listener.drainTimeout) ?? 0,
  }
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
