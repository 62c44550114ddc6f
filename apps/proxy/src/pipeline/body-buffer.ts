import { isJsonType, parseJsonBody } from '@vrata/cel'
import type { BodySink, BodySource } from '../body-source.ts'
import type { DownstreamEvents } from '../downstream.ts'
import type { Exchange } from '../exchange.ts'
import type { Failure } from '../failure/failure.ts'
import { answerFailure } from '../forwarding/answer-failure.ts'
import { kept } from '../sockets/direct-socket.ts'

/**
 * Reads the beginning of a request body so that expressions can look at it, at most `limit` bytes, then calls
 * `proceed`. What was read stays in front of the rest, so that the upstream gets the body byte for byte. Never proceeds
 * on half a body: a failure is answered, and with a client that went away the exchange ends.
 *
 * @param limit bytes; 0 = expressions see no body
 */
export function bufferBody(exchange: Exchange, limit: number, proceed: (exchange: Exchange) => void): void {
  exchange.bodyAsked = true
  const source = exchange.requestBody
  if (limit === 0 || source === undefined) {
    if (limit > 0) exchange.body = { raw: '', json: undefined, truncated: false, size: 0 }
    proceed(exchange)
    return
  }
  new BodyBuffer(exchange, source, limit, proceed).start()
}

/** Collects a body up to a limit, then is the body: what was collected first, then the rest of the source. */
class BodyBuffer implements BodySource, BodySink, DownstreamEvents {
  readonly length: number | undefined
  readonly #exchange: Exchange
  readonly #source: BodySource
  readonly #limit: number
  readonly #proceed: (exchange: Exchange) => void
  #collected: Buffer[] = []
  #size = 0
  #trailers: readonly string[] | undefined = undefined
  #sink: BodySink | undefined = undefined
  #state: 'collecting' | 'holding' | 'passing' = 'collecting'

  constructor(exchange: Exchange, source: BodySource, limit: number, proceed: (exchange: Exchange) => void) {
    this.#exchange = exchange
    this.#source = source
    this.#limit = limit
    this.#proceed = proceed
    this.length = source.length
  }

  start(): void {
    this.#exchange.downstream.events = this
    this.#source.deliverTo(this)
    this.#source.resume()
  }

  onChunk(chunk: Buffer): void {
    this.#collected.push(kept(chunk))
    this.#size += chunk.length
    if (this.#size <= this.#limit) return
    this.#source.pause()
    this.#hold()
  }

  onEnd(trailers: readonly string[]): void {
    this.#trailers = trailers
    this.#hold()
  }

  onFailure(failure: Failure): void {
    answerFailure(this.#exchange, failure)
  }

  onDrain(): void {}

  onClientGone(): void {}

  #hold(): void {
    const exchange = this.#exchange
    const bytes = Buffer.concat(this.#collected, Math.min(this.#size, this.#limit))
    const truncated = this.#size > this.#limit
    const raw = bytes.toString('utf8')
    const json = truncated || !isJsonType(exchange.header('content-type')) ? undefined : parseJsonBody(raw)
    exchange.body = { raw, json, truncated, size: bytes.length }
    exchange.bodySource = this
    exchange.downstream.events = undefined
    this.#state = 'holding'
    this.#proceed(exchange)
  }

  deliverTo(sink: BodySink): void {
    this.#sink = sink
    if (this.#state === 'passing') this.#source.deliverTo(sink)
  }

  resume(): void {
    if (this.#state === 'passing') this.#source.resume()
    else if (this.#sink !== undefined) this.#replay(this.#sink)
  }

  pause(): void {
    this.#source.pause()
  }

  /** At most the limit and one chunk: small enough to be handed over at once. */
  #replay(sink: BodySink): void {
    this.#state = 'passing'
    const collected = this.#collected
    this.#collected = []
    const trailers = this.#trailers
    if (trailers === undefined) this.#source.deliverTo(sink)
    for (const chunk of collected) sink.onChunk(chunk)
    if (trailers === undefined) this.#source.resume()
    else sink.onEnd(trailers)
  }
}
