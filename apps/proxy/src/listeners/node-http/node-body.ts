import type { IncomingMessage } from 'node:http'
import type { BodySink, BodySource } from '../../body-source.ts'
import { Failure } from '../../failure/failure.ts'

/** What the limits of a listener mean for one body. */
export interface BodyLimits {
  /** Longest time without a byte while somebody waits for one, in milliseconds; 0 = no limit. */
  readonly stall: number
  /** Most bytes; 0 = no limit. */
  readonly bytes: number
}

const unlimited: BodyLimits = { stall: 0, bytes: 0 }

/** The body of a request that node:http parses. */
export class NodeBody implements BodySource {
  readonly length: number | undefined
  readonly #request: IncomingMessage
  #limits: BodyLimits
  /** Invites the client to send, if it waits for that (`Expect: 100-continue`). */
  #invite: (() => void) | undefined
  #sink: BodySink | undefined = undefined
  #stall: NodeJS.Timeout | undefined = undefined
  #received = 0
  #state: 'open' | 'failed' | 'ended' = 'open'
  #failure: Failure | undefined = undefined
  #stalled = false

  constructor(
    request: IncomingMessage,
    length: number | undefined,
    limits: BodyLimits,
    invite: (() => void) | undefined,
  ) {
    this.#request = request
    this.length = length
    this.#limits = limits
    this.#invite = invite
  }

  /** Whether waiting for the rest is of no use: the client is silent, or not heard any more. */
  get abandoned(): boolean {
    return this.#invite !== undefined || this.#stalled
  }

  /** Bytes that are still to come; undefined when only the end will tell. */
  get outstanding(): number | undefined {
    if (this.#state === 'ended') return 0
    return this.length === undefined ? undefined : this.length - this.#received
  }

  deliverTo(sink: BodySink): void {
    const first = this.#sink === undefined
    this.#sink = sink
    if (!first) return
    this.#request.pause()
    this.#request.on('data', (chunk: Buffer) => this.#onData(chunk))
    this.#request.on('end', () => this.#onEnd())
    this.#request.on('close', () => clearTimeout(this.#stall))
  }

  resume(): void {
    if (this.#failure !== undefined) this.#tell(this.#failure)
    if (this.#state !== 'open') return
    this.#invite?.()
    this.#invite = undefined
    if (this.#limits.stall > 0 && this.#stall === undefined) {
      this.#stall = setTimeout(() => this.fail(new Failure('request_timeout')), this.#limits.stall)
    }
    this.#request.resume()
  }

  pause(): void {
    // Who does not want more at the moment cannot blame the client for its silence.
    clearTimeout(this.#stall)
    this.#stall = undefined
    if (this.#state === 'open') this.#request.pause()
  }

  /** Ends the body by a failure: a limit was met, or the engine could not read on. */
  fail(failure: Failure): void {
    if (this.#state !== 'open') return
    this.pause()
    this.#state = 'failed'
    this.#stalled = failure.reason !== 'payload_too_large'
    this.#failure = failure
    this.#tell(failure)
  }

  /** Tells it once, and not before there is somebody to hear it. */
  #tell(failure: Failure): void {
    if (this.#sink === undefined) return
    this.#failure = undefined
    this.#sink.onFailure(failure)
  }

  /**
   * Reads and drops what still comes, when the answer is already given. Closing while unread bytes arrive would reset
   * the connection, and the reset would overtake the answer (RFC 9112, 9.6).
   *
   * @returns true when the body is complete; false when there was more than `bytes` or it took longer than `time`
   */
  discardRest(bytes: number, time: number): Promise<boolean> {
    if (this.#state === 'ended') return Promise.resolve(true)
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const timer = setTimeout(() => resolve(false), time)
    const until = this.#received + bytes
    this.#state = 'open'
    this.#failure = undefined
    this.#limits = unlimited
    this.#request.once('close', () => resolve(false))
    this.deliverTo({
      onChunk: () => {
        if (this.#received > until) resolve(false)
      },
      onEnd: () => resolve(true),
      onFailure: () => resolve(false),
    })
    this.#request.resume()
    return promise.finally(() => clearTimeout(timer))
  }

  #onData(chunk: Buffer): void {
    this.#received += chunk.length
    if (this.#state !== 'open') return
    this.#stall?.refresh()
    if (this.#limits.bytes > 0 && this.#received > this.#limits.bytes) {
      this.fail(new Failure('payload_too_large'))
      return
    }
    this.#sink?.onChunk(chunk)
  }

  #onEnd(): void {
    const told = this.#state === 'open'
    this.#state = 'ended'
    clearTimeout(this.#stall)
    if (told) this.#sink?.onEnd(this.#request.rawTrailers)
  }
}
