import type { Failure } from './failure.ts'

/** How much an answer of the gateway itself tells. */
export type ErrorDetail = 'minimal' | 'standard' | 'full'

/** What is known of the exchange that failed. */
export interface FailureContext {
  readonly detail: ErrorDetail
  /** Whether the client speaks gRPC and wants the failure in trailers of a 200. */
  readonly grpc: boolean
  /** Ids for `full`; empty text is left out. */
  readonly destination: string
  readonly endpoint: string
  readonly requestId: string
  readonly traceId: string
}

/** A whole answer: status, flat list of header names and values, and body. */
export interface OwnAnswer {
  readonly status: number
  readonly headers: readonly string[]
  readonly body: Buffer
}

const empty = Buffer.alloc(0)

/** Turns a failure into the answer that the client gets. */
export function failureAnswer(failure: Failure, context: FailureContext, now = new Date()): OwnAnswer {
  if (context.grpc) return grpcAnswer(failure)
  const body = Buffer.from(`${JSON.stringify(failureBody(failure, context, now))}\n`)
  const headers = ['content-type', 'application/json', 'content-length', String(body.length)]
  if (failure.reason === 'overloaded') headers.push('retry-after', '1')
  return { status: failure.status, headers, body }
}

function failureBody(failure: Failure, context: FailureContext, now: Date): Record<string, unknown> {
  const { status, facts } = failure
  if (context.detail === 'minimal') return { error: failure.reason, status }
  const reason = facts.timeout ?? facts.rule ?? ''
  const standard = { error: failure.reason, status, message: failure.message, ...withText('reason', reason) }
  if (context.detail === 'standard') return standard
  return {
    ...standard,
    ...withText('destination', context.destination),
    ...withText('endpoint', context.endpoint),
    timestamp: `${now.toISOString().slice(0, 19)}Z`,
    ...withText('cause', failure.cause instanceof Error ? failure.cause.message : ''),
    ...withText('requestId', context.requestId),
    ...withText('traceId', context.traceId),
  }
}

function withText(key: string, text: string): Record<string, string> {
  return text === '' ? {} : { [key]: text }
}

/** A gRPC error is a successful HTTP answer whose head carries the status (gRPC over HTTP/2, "Trailers-Only"). */
function grpcAnswer(failure: Failure): OwnAnswer {
  const headers = ['content-type', 'application/grpc', 'content-length', '0', ...grpcStatus(failure)]
  return { status: 200, headers, body: empty }
}

/** What a call of gRPC that failed ends with: a flat list, for a head that is all there is or for trailers. */
export function grpcStatus(failure: Failure): readonly string[] {
  const status = String(failure.kind.grpcStatus ?? 14)
  return ['grpc-status', status, 'grpc-message', percentEncoded(failure.message)]
}

/** gRPC asks for percent-encoding of everything but printable ASCII and of the percent sign itself. */
function percentEncoded(text: string): string {
  return text.replace(/[^\x20-\x24\x26-\x7e]/gu, (char) => encodeURIComponent(char))
}
