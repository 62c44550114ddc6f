import { type BodyLength, FieldLines } from '@vrata/http1'
import { headerNames } from '@vrata/model'
import type { BodySource } from '../body-source.ts'
import type { Exchange } from '../exchange.ts'
import { listHas } from '../headers/connection-options.ts'
import { copyPassing } from '../headers/header-lines.ts'
import { headerName, trait } from '../headers/header-name.ts'
import type { FieldSink, OutgoingRequest } from '../upstream/transport.ts'
import type { DestinationRuntime, ForwardPlan } from './destination.ts'
import { grpcDeadline, grpcTimeoutText } from './grpc-timeout.ts'

/** Fields that do not simply pass: removed, or written anew. */
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

const forwardedFor = headerName('x-forwarded-for')
const forwardedProto = headerName('x-forwarded-proto')
const forwardedHost = headerName('x-forwarded-host')
const forwardedPort = headerName('x-forwarded-port')
const forwarded = headerName('forwarded')
const requestIdName = headerName('x-request-id')
const traceparentName = headerName('traceparent')
const attemptCount = headerName('x-request-attempt-count')
const grpcTimeout = headerName('grpc-timeout')
const viaName = headerName('via')

/** Methods whose requests usually have a body: without one they say so (RFC 9110, 8.6). */
const expectBody: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])

/** A request of a client, as it goes to an endpoint of a destination. Its lines are written when they are asked for. */
export class ForwardedRequest implements OutgoingRequest {
  readonly method: string
  readonly target: string
  readonly host: string
  readonly body: BodySource | undefined
  readonly length: BodyLength
  readonly expectContinue: boolean
  readonly acceptTrailers: boolean
  readonly #exchange: Exchange
  readonly #plan: ForwardPlan

  constructor(exchange: Exchange, plan: ForwardPlan, destination: DestinationRuntime) {
    const { head, bodySource } = exchange
    const met = head.fields.flags & ~head.hidden
    this.method = head.method
    this.target = outgoingTarget(exchange, plan)
    this.host = plan.rewrite?.host(exchange, destination) ?? head.authority
    this.body = bodySource
    this.length = bodySource === undefined ? absentLength(head.method) : (bodySource.length ?? 'unknown')
    this.expectContinue = bodySource !== undefined && (met & trait.expect) !== 0
    this.acceptTrailers = (met & trait.te) !== 0 && listHas(exchange.header('te') ?? '', 'trailers')
    this.#exchange = exchange
    this.#plan = plan
  }

  get fields(): FieldLines {
    const lines = new FieldLines()
    this.writeFields(lines)
    return lines
  }

  writeFields(sink: FieldSink): void {
    const exchange = this.#exchange
    const { fields, hidden, peer, grpc } = exchange.head
    const { includeAttemptCount, maxGrpcTimeout } = this.#plan
    const limitsGrpc = grpc && maxGrpcTimeout > 0
    // Those that the gateway itself sets are written behind, so nobody can have them removed by naming them.
    copyPassing(fields, limitsGrpc ? notPassed | trait.grpcTimeout | hidden : notPassed | hidden, sink)
    writeForwarded(exchange, fields.flags & ~hidden, sink)
    sink.addReceived(requestIdName, exchange.requestId)
    sink.addReceived(traceparentName, exchange.traceparent)
    if (peer.certificateHeader !== undefined) sink.add(headerNames.forwardedClientCert, peer.certificateHeader)
    if (includeAttemptCount) sink.addReceived(attemptCount, '1')
    if (limitsGrpc) writeGrpcTimeout(exchange, maxGrpcTimeout, sink)
    if (fields.flags & trait.via || exchange.rules.via) writeVia(exchange, sink)
  }
}

function absentLength(method: string): BodyLength {
  return expectBody.has(method) ? 0 : 'none'
}

function outgoingTarget(exchange: Exchange, { rewrite, rewritesPath }: ForwardPlan): string {
  const { path, wirePath, query } = exchange.head
  if (rewrite === undefined || !rewritesPath) return query === '' ? wirePath : `${wirePath}?${query}`
  const target = rewrite.path(path, query)
  return target.query === '' ? target.path : `${target.path}?${target.query}`
}

/** What is known of the client and of how it asked (RFC 7239 for the meaning). */
function writeForwarded(exchange: Exchange, met: number, sink: FieldSink): void {
  const { peer, scheme, authority } = exchange.head
  if ((met & trait.forwarded) === 0) {
    sink.addReceived(forwardedFor, peer.address)
    sink.addReceived(forwardedProto, scheme)
    sink.addReceived(forwardedHost, authority)
    return
  }
  const before = exchange.header('x-forwarded-for')
  sink.addReceived(forwardedFor, before === undefined || before === '' ? peer.address : `${before}, ${peer.address}`)
  sink.addReceived(forwardedProto, exchange.header('x-forwarded-proto') || scheme)
  sink.addReceived(forwardedHost, exchange.header('x-forwarded-host') || authority)
  for (const name of [forwardedPort, forwarded]) {
    const value = exchange.header(name.lower)
    if (value !== undefined) sink.addReceived(name, value)
  }
}

function writeGrpcTimeout(exchange: Exchange, limit: number, sink: FieldSink): void {
  const asked = exchange.header('grpc-timeout')
  const deadline = grpcDeadline(asked, limit)
  sink.addReceived(grpcTimeout, asked !== undefined && deadline < limit ? asked : grpcTimeoutText(deadline))
}

function writeVia(exchange: Exchange, sink: FieldSink): void {
  const received = exchange.header('via')
  const own = exchange.rules.via ? '1.1 vrata' : undefined
  const via = received === undefined ? own : own === undefined ? received : `${received}, ${own}`
  if (via !== undefined) sink.addReceived(viaName, via)
}
