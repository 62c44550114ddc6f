import { addCookies } from '../cookies/session-cookies.ts'
import type { DownstreamEvents } from '../downstream.ts'
import type { Exchange } from '../exchange.ts'
import { Failure, type TimeoutReason } from '../failure/failure.ts'
import type { ReceivedFields } from '../headers/received-fields.ts'
import { smallerLimit } from '../limits.ts'
import { Timer, type TimerOwner } from '../timer-wheel.ts'
import type { Tunnel } from '../upgrade-offer.ts'
import type { AnswerHead, UpstreamCall } from '../upstream/transport.ts'
import { openUpgrade, type UpgradeHandler } from '../upstream/upgrade/handshake.ts'
import { answerFailure } from './answer-failure.ts'
import { chooseAndSend } from './choose.ts'
import type { DestinationRuntime, EndpointRuntime, ForwardPlan } from './destination.ts'
import { grpcDeadline } from './grpc-timeout.ts'
import { ForwardedRequest } from './request-head.ts'
import { announceTrailers, passedHead, passedInterim, passedSwitch, passedTrailers } from './response-head.ts'

/** Forwards an exchange; everything further happens by events. */
export function forward(exchange: Exchange, plan: ForwardPlan): void {
  chooseAndSend(exchange, plan, send)
}

function send(exchange: Exchange, plan: ForwardPlan, destination: DestinationRuntime, endpoint: EndpointRuntime): void {
  new Forwarding(exchange, plan, destination).start(endpoint)
}

/** One request between its client and the endpoint that was chosen for it. */
class Forwarding implements UpgradeHandler, DownstreamEvents, TimerOwner {
  readonly #exchange: Exchange
  readonly #plan: ForwardPlan
  readonly #destination: DestinationRuntime
  #call: UpstreamCall | undefined = undefined
  /** Runs while one thing is waited for: upload, head, or the next bytes. */
  readonly #wait = new Timer(this)
  #waitsFor: TimeoutReason = 'idle'
  #waitLimit = 0
  /** Runs from the start to the head, or to the end. */
  #total: Timer | undefined = undefined
  /** Whether the total counts to the end of the answer. */
  #totalToEnd = false
  #headSeen = false
  #paused = false
  #over = false

  constructor(exchange: Exchange, plan: ForwardPlan, destination: DestinationRuntime) {
    this.#exchange = exchange
    this.#plan = plan
    this.#destination = destination
  }

  start(endpoint: EndpointRuntime): void {
    const exchange = this.#exchange
    exchange.downstream.events = this
    this.#limitTotal()
    const request = new ForwardedRequest(exchange, this.#plan, this.#destination)
    const call =
      exchange.upgrade === undefined
        ? endpoint.transport.send(request, this, this.#plan.queueLimit)
        : openUpgrade(endpoint.endpoint, request, exchange.upgrade, this)
    this.#call = call
    if (this.#over) call.abort()
  }

  #limitTotal(): void {
    const { requestLimit, includeBody, maxGrpcTimeout, timers } = this.#plan
    let limit = smallerLimit(requestLimit, this.#destination.requestLimit)
    this.#totalToEnd = includeBody
    if (maxGrpcTimeout > 0 && this.#exchange.head.grpc) {
      const deadline = grpcDeadline(this.#exchange.header('grpc-timeout'), maxGrpcTimeout)
      this.#totalToEnd ||= limit === 0 || deadline <= limit
      limit = smallerLimit(limit, deadline)
    }
    if (limit === 0) return
    this.#total = new Timer(this)
    timers.arm(this.#total, limit)
  }

  onStart(): void {
    if (this.#exchange.bodySource !== undefined) this.#waitFor('idle', this.#plan.idleLimit)
  }

  onUploaded(): void {
    this.#goOnWaiting()
  }

  onSent(): void {
    if (this.#headSeen) return
    const { responseHeaderLimit } = this.#destination
    if (responseHeaderLimit > 0) this.#waitFor('first_byte', responseHeaderLimit)
    else this.#waitFor('idle', this.#plan.idleLimit)
  }

  onInform(status: number, fields: ReceivedFields): void {
    this.#exchange.downstream.inform(status, passedInterim(fields))
  }

  onHead({ status, fields, bodyLength }: AnswerHead): void {
    const exchange = this.#exchange
    const { downstream } = exchange
    this.#headSeen = true
    if (!this.#totalToEnd && this.#total !== undefined) this.#plan.timers.disarm(this.#total)
    const lines = passedHead(fields, exchange.rules)
    if (bodyLength === 'unknown' && downstream.takesTrailers && exchange.method !== 'HEAD')
      announceTrailers(lines, fields)
    if (exchange.givenCookies !== undefined) addCookies(exchange, lines)
    downstream.head(status, lines, bodyLength)
    this.#waitFor('idle', this.#plan.idleLimit)
  }

  onSwitching(received: ReceivedFields): readonly string[] {
    const fields = passedSwitch(received, this.#exchange.rules, this.#exchange.upgrade?.token ?? '')
    addCookies(this.#exchange, { add: (name, value) => fields.push(name, value) })
    return fields
  }

  onSwitched(tunnel: Tunnel): void {
    this.#settle()
    this.#exchange.upgrade?.joined(tunnel)
  }

  onData(chunk: Buffer): boolean {
    this.#goOnWaiting()
    if (this.#exchange.downstream.write(chunk)) return true
    this.#paused = true
    return false
  }

  onDrain(): void {
    this.#paused = false
    this.#goOnWaiting()
    this.#call?.resume()
  }

  onEnd(trailers: ReceivedFields | undefined): void {
    this.#settle()
    this.#exchange.downstream.end(passedTrailers(trailers))
  }

  onFailure(failure: Failure): void {
    this.#settle()
    answerFailure(this.#exchange, failure)
  }

  onClientGone(): void {
    this.#settle()
    this.#call?.abort()
  }

  /** A limit of our own was met. */
  onTimer(timer: Timer): void {
    if (this.#over) return
    if (timer === this.#total) this.#expire('request')
    // While the client does not read, it is not the upstream that is silent.
    else if (this.#paused) this.#goOnWaiting()
    else this.#expire(this.#waitsFor)
  }

  #expire(reason: TimeoutReason): void {
    this.#settle()
    this.#call?.abort()
    answerFailure(this.#exchange, new Failure('timeout', { timeout: reason }))
  }

  #waitFor(what: TimeoutReason, limit: number): void {
    this.#waitsFor = what
    this.#waitLimit = limit
    if (limit > 0) this.#plan.timers.arm(this.#wait, limit)
    else this.#plan.timers.disarm(this.#wait)
  }

  /** What is waited for may take its full time again. */
  #goOnWaiting(): void {
    if (this.#waitLimit > 0) this.#plan.timers.arm(this.#wait, this.#waitLimit)
  }

  #settle(): void {
    const { timers } = this.#plan
    this.#over = true
    this.#waitLimit = 0
    timers.disarm(this.#wait)
    if (this.#total !== undefined) timers.disarm(this.#total)
  }
}
