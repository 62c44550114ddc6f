import { headerNames } from '@vrata/model'
import type { Exchange } from '../exchange.ts'
import { listHas } from '../headers/connection-options.ts'
import { trait } from '../headers/header-name.ts'
import type { OutgoingRequest } from '../upstream/transport.ts'
import type { DestinationRuntime, ForwardPlan } from './destination.ts'

/** Fields that do not simply pass: removed, or written anew below. */
const notPassed =
  trait.hopByHop |
  trait.host |
  trait.contentLength |
  trait.expect |
  trait.forwarded |
  trait.requestId |
  trait.traceparent |
  trait.attemptCount |
  trait.via

/** The request as it goes to an endpoint of `destination`. */
export function outgoingRequest(
  exchange: Exchange,
  plan: ForwardPlan,
  destination: DestinationRuntime,
): OutgoingRequest {
  const { rewrite } = plan
  const authority = rewrite?.host(exchange, destination) ?? exchange.authority
  return {
    method: exchange.method,
    target: outgoingTarget(exchange, plan),
    authority,
    headers: outgoingHeaders(exchange, plan.includeAttemptCount),
    body: exchange.bodySource,
  }
}

function outgoingTarget(exchange: Exchange, { rewrite, rewritesPath }: ForwardPlan): string {
  const { path, wirePath, query } = exchange.head
  if (rewrite === undefined || !rewritesPath) return query === '' ? wirePath : `${wirePath}?${query}`
  const target = rewrite.path(path, query)
  return target.query === '' ? target.path : `${target.path}?${target.query}`
}

/** Names and values in turn (RFC 9110, 7.6; RFC 7239 for what `X-Forwarded-*` means). */
export function outgoingHeaders(exchange: Exchange, includeAttemptCount: boolean): string[] {
  const { fields, hidden, peer } = exchange.head
  const lines: string[] = []
  const left = notPassed | hidden
  const met = fields.flags & ~hidden
  for (let at = 0; at < fields.length; at++) {
    const name = fields.name(at)
    if ((name.flags & left) === 0) lines.push(name.text, fields.value(at))
  }
  if (met & trait.connection) dropNamed(lines, fields.nominated)
  if (met & trait.te && listHas(exchange.header('te') ?? '', 'trailers')) lines.push('te', 'trailers')
  const length = exchange.bodySource?.length
  if (length !== undefined) lines.push('content-length', String(length))
  addForwarded(lines, exchange, met)
  lines.push('x-request-id', exchange.requestId, 'traceparent', exchange.traceparent)
  if (peer.certificateHeader !== undefined) lines.push(headerNames.forwardedClientCert, peer.certificateHeader)
  if (includeAttemptCount) lines.push('x-request-attempt-count', '1')
  addVia(lines, exchange, met)
  return lines
}

/**
 * Removes the fields that the client named in `Connection` as meant for this hop only. Those that the gateway itself
 * sets are added later, so nobody can have them removed.
 */
function dropNamed(lines: string[], named: readonly string[]): void {
  if (named.length === 0) return
  let kept = 0
  for (let at = 0; at < lines.length; at += 2) {
    const name = lines[at] ?? ''
    if (named.includes(name.toLowerCase())) continue
    lines[kept++] = name
    lines[kept++] = lines[at + 1] ?? ''
  }
  lines.length = kept
}

function addForwarded(lines: string[], exchange: Exchange, met: number): void {
  const { peer } = exchange.head
  if ((met & trait.forwarded) === 0) {
    lines.push('x-forwarded-for', peer.address)
    lines.push('x-forwarded-proto', exchange.scheme, 'x-forwarded-host', exchange.authority)
    return
  }
  const before = exchange.header('x-forwarded-for')
  lines.push('x-forwarded-for', before === undefined ? peer.address : `${before}, ${peer.address}`)
  lines.push('x-forwarded-proto', exchange.header('x-forwarded-proto') ?? exchange.scheme)
  lines.push('x-forwarded-host', exchange.header('x-forwarded-host') ?? exchange.authority)
  for (const name of ['x-forwarded-port', 'forwarded']) {
    const value = exchange.header(name)
    if (value !== undefined) lines.push(name, value)
  }
}

function addVia(lines: string[], exchange: Exchange, met: number): void {
  const received = met & trait.via ? exchange.header('via') : undefined
  const own = exchange.rules.via ? '1.1 vrata' : undefined
  const via = received === undefined ? own : own === undefined ? received : `${received}, ${own}`
  if (via !== undefined) lines.push('via', via)
}
