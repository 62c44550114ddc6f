import { addCookies } from '../cookies/session-cookies.ts'
import type { DownstreamEvents } from '../downstream.ts'
import type { Exchange } from '../exchange.ts'
import { Failure, type TimeoutReason } from '../failure/failure.ts'
import { smallerLimit } from '../limits.ts'
import type { Tunnel } from '../upgrade-offer.ts'
import type { UpstreamCall } from '../upstream/transport.ts'
import { openUpgrade, type UpgradeHandler } from '../upstream/upgrade/handshake.ts'
import { answerFailure } from './answer-failure.ts'
import { chooseAndSend } from './choose.ts'
import type { DestinationRuntime, EndpointRuntime, ForwardPlan } from './destination.ts'
import { outgoingRequest } from './request-head.ts'
import { passedHead, passedSwitch, passedTrailers } from './response-head.ts'

/** Forwards an exchange; everything further happens by events. */
export function forward(exchange: Exchange, plan: ForwardPlan): void {
  chooseAndSend(exchange, plan, send)
}

function send(exchange: Exchange, plan: ForwardPlan, destination: DestinationRuntime, endpoint: EndpointRuntime): void {
  new Forwarding(exchange, plan, destination).start(endpoint)
}

/** One request between its client and the endpoint that was chosen for it. */
class Forwarding implements UpgradeHandler, DownstreamEvents {
  readonly #exchange: Exchange
  readonly #plan: ForwardPlan
  readonly #destination: DestinationRuntime
  #call: UpstreamCall | undefined = undefined
  /** Runs while one thing is waited for: upload, head, or the next bytes. */
  #wait: NodeJS.Timeout | undefined = undefined
  #waitsFor: TimeoutReason = 'idle'
  /** Runs from the start to the head, or to the end. */
  #total: NodeJS.Timeout | undefined = undefined
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
    const limit = smallerLimit(this.#plan.requestLimit, this.#destination.requestLimit)
    exchange.downstream.events = this
    if (limit > 0) this.#total = setTimeout(expireTotal, limit, this)
    const request = outgoingRequest(exchange, this.#plan, this.#destination)
    const call =
      exchange.upgrade === undefined
        ? endpoint.transport.send(request, this, this.#plan.queueLimit)
        : openUpgrade(endpoint.connection, request, exchange.upgrade, this)
    this.#call = call
    if (this.#over) call.abort()
  }

  onStart(): void {
    if (this.#exchange.bodySource !== undefined) this.#waitFor('idle', this.#plan.idleLimit)
  }

  onUploaded(): void {
    this.#wait?.refresh()
  }

  onSent(): void {
    if (this.#headSeen) return
    const { responseHeaderLimit } = this.#destination
    if (responseHeaderLimit > 0) this.#waitFor('first_byte', responseHeaderLimit)
    else this.#waitFor('idle', this.#plan.idleLimit)
  }

  onInform(status: number, headers: readonly string[]): void {
    const { downstream, rules } = this.#exchange
    downstream.inform(status, passedHead(headers, { ...rules, serverName: '', via: false }, false).headers)
  }

  onHead(status: number, received: readonly string[]): void {
    const { downstream, rules } = this.#exchange
    this.#headSeen = true
    if (!this.#plan.includeBody) clearTimeout(this.#total)
    const { headers } = passedHead(received, rules, downstream.takesTrailers && this.#exchange.method !== 'HEAD')
    addCookies(this.#exchange, headers)
    downstream.head(status, headers)
    this.#waitFor('idle', this.#plan.idleLimit)
  }

  onSwitching(received: readonly string[]): readonly string[] {
    const fields = passedSwitch(received, this.#exchange.rules, this.#exchange.upgrade?.token ?? '')
    addCookies(this.#exchange, fields)
    return fields
  }

  onSwitched(tunnel: Tunnel): void {
    this.#settle()
    this.#exchange.upgrade?.joined(tunnel)
  }

  onData(chunk: Buffer): boolean {
    this.#wait?.refresh()
    if (this.#exchange.downstream.write(chunk)) return true
    this.#paused = true
    return false
  }

  onDrain(): void {
    this.#paused = false
    this.#wait?.refresh()
    this.#call?.resume()
  }

  onEnd(trailers: readonly string[]): void {
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
  expire(reason: TimeoutReason): void {
    if (this.#over) return
    this.#settle()
    this.#call?.abort()
    answerFailure(this.#exchange, new Failure('timeout', { timeout: reason }))
  }

  /** Nothing came for too long. While the client does not read, it is not the upstream that is silent. */
  expireWait(): void {
    if (this.#paused) this.#wait?.refresh()
    else this.expire(this.#waitsFor)
  }

  #waitFor(what: TimeoutReason, limit: number): void {
    clearTimeout(this.#wait)
    this.#waitsFor = what
    this.#wait = limit > 0 ? setTimeout(expireWait, limit, this) : undefined
  }

  #settle(): void {
    this.#over = true
    clearTimeout(this.#wait)
    clearTimeout(this.#total)
    this.#wait = undefined
  }
}

function expireTotal(forwarding: Forwarding): void {
  forwarding.expire('request')
}

function expireWait(forwarding: Forwarding): void {
  forwarding.expireWait()
}
