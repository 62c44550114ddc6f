import type { BodySource } from '../../body-source.ts'
import { Failure } from '../../failure/failure.ts'
import type { Timer, TimerOwner } from '../../timer-wheel.ts'
import type { OutgoingRequest, UpstreamCall, UpstreamHandler } from '../transport.ts'
import type { Dialling } from './dialling.ts'

/** What carries a call out: a connection, or a stream of one. It is asked only while it carries that call. */
export interface Carrier {
  /** Tells the handler of what was held back, and goes on. */
  resume(): void
  /** Gives the call up, in whatever way the protocol has for that. */
  abort(): void
}

/** What a call asks of the pool it was sent through. */
export interface CallOwner {
  /** It is to be sent once more, on a connection that is new. */
  replay(call: Call): void
  /** It was taken back, or waited for too long. */
  withdraw(call: Call): void
}

/**
 * How a call that failed stands to being sent again in silence. `unanswered`: a connection that was used before died
 * without a byte of an answer, as happens when its server closes it for being idle; the request may or may not have
 * been heard. `unheard`: the server says that it did nothing with it.
 */
export type Fate = 'final' | 'unanswered' | 'unheard'

/** Methods that may be sent twice without harm (RFC 9110, 9.2.2). */
const idempotent: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])

/** One request on its way through a pool: it waits for a connection, then it is carried by one. */
export class Call implements UpstreamCall, TimerOwner {
  readonly request: OutgoingRequest
  readonly handler: UpstreamHandler
  /** The body of the request, or what is left to be sent of it. */
  body: BodySource | undefined
  carrier: Carrier | undefined = undefined
  /** The connection that is being opened for it, while it waits for that or any other one. */
  dialling: Dialling | undefined = undefined
  /** Limits the waiting; made only for those that wait without a connection being opened for them. */
  queueTimer: Timer | undefined = undefined
  readonly queueLimit: number
  /** Bytes of the body have been taken from its source: it cannot be sent again. */
  bodyTaken = false
  /** When it was decided to send it once more, in the time of the wheel; 0 = it is sent for the first time. */
  replayedAt = 0
  readonly #owner: CallOwner
  #over = false

  constructor(request: OutgoingRequest, handler: UpstreamHandler, queueLimit: number, owner: CallOwner) {
    this.request = request
    this.body = request.body
    this.handler = handler
    this.queueLimit = queueLimit
    this.#owner = owner
  }

  /** Whether the handler has heard the last of it. */
  get over(): boolean {
    return this.#over
  }

  resume(): void {
    this.carrier?.resume()
  }

  abort(): void {
    if (this.#over) return
    this.#over = true
    const { carrier } = this
    this.carrier = undefined
    if (carrier === undefined) this.#owner.withdraw(this)
    else carrier.abort()
  }

  /** The time in the queue is over. */
  onTimer(): void {
    if (this.#over) return
    this.#owner.withdraw(this)
    this.refuse(new Failure('overloaded'))
  }

  /** The answer is complete. */
  end(trailers: Parameters<UpstreamHandler['onEnd']>[0]): void {
    this.#over = true
    this.carrier = undefined
    this.handler.onEnd(trailers)
  }

  /** Its carrier failed: it is sent again in silence if it may be, else its handler hears of it. */
  fail(failure: Failure, fate: Fate): void {
    this.carrier = undefined
    if (this.#mayReplay(fate)) {
      this.#owner.replay(this)
      return
    }
    this.refuse(failure)
  }

  /** Ends it by a failure that sending again would not mend. */
  refuse(failure: Failure): void {
    if (this.#over) return
    this.#over = true
    this.carrier = undefined
    this.handler.onFailure(failure)
  }

  #mayReplay(fate: Fate): boolean {
    if (fate === 'final' || this.#over || this.replayedAt > 0 || this.bodyTaken) return false
    return fate === 'unheard' || idempotent.has(this.request.method)
  }
}
