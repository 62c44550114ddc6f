import { addCookies } from '../cookies/session-cookies.ts'
import type { Exchange } from '../exchange.ts'
import type { Failure } from '../failure/failure.ts'
import { failureAnswer, grpcStatus } from '../failure/failure-answer.ts'

/**
 * Ends an exchange by a failure: with an answer if none has begun; with a status behind what was written if that is an
 * answer of gRPC, as its clients take only OK for success; else by cutting the connection, so that the client cannot
 * take what it got for a whole answer.
 */
export function answerFailure(exchange: Exchange, failure: Failure): void {
  exchange.failure = failure
  const { downstream, rules } = exchange
  if (downstream.closed) return
  if (downstream.headSent) {
    if (exchange.head.grpc && downstream.endsInStatus) downstream.end(grpcStatus(failure))
    else downstream.cut()
    return
  }
  const full = rules.detail === 'full'
  const answer = failureAnswer(failure, {
    detail: rules.detail,
    grpc: exchange.head.grpc,
    destination: exchange.destinationId,
    endpoint: exchange.endpointAddress,
    requestId: full ? exchange.requestId : '',
    traceId: full ? exchange.traceId : '',
  })
  answerSelf(exchange, answer.status, answer.headers, answer.body)
}

/** Sends an answer that the gateway makes itself, with the listener's name on it if it has one, and with cookies that were given. */
export function answerSelf(exchange: Exchange, status: number, headers: readonly string[], body: Buffer): void {
  const { serverName } = exchange.rules
  if (serverName === '' && exchange.givenCookies === undefined) {
    exchange.downstream.answer(status, headers, body)
    return
  }
  const lines = serverName === '' ? [...headers] : [...headers, 'server', serverName]
  addCookies(exchange, { add: (name, value) => lines.push(name, value) })
  exchange.downstream.answer(status, lines, body)
}
