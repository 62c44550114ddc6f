import type { ServerHttp2Stream } from 'node:http2'
import type { BodySink, BodySource } from '../../body-source.ts'
import { Failure } from '../../failure/failure.ts'
import { Timer, type TimerOwner, type TimerWheel } from '../../timer-wheel.ts'
import { receivedTrailers } from './received-request.ts'

/** What the limits of a listener mean for one body. Milliseconds and bytes; 0 = no limit. */
export interface BodyLimits {
  /** Longest time without a byte while somebody waits for one. */
  readonly stall: number
  /** Longest time from the head to the end. */
  readonly total: number
  readonly bytes: number
}

const noTrailers: readonly string[] = []

/** The body of a request on a stream of HTTP/2. */
export class StreamBody implements BodySource, TimerOwner {
  readonly length: number | undefined
  readonly #stream: ServerHttp2Stream
  readonly #limits: BodyLimits
  readonly #wheel: TimerWheel
  readonly #timer = new Timer(this)
  #total: Timer | undefined = undefined
  /** Invites the client to send, if it waits for that. */
  #invite: (() => void) | undefined
  #sink: BodySink | undefined = undefined
  #trailers = noTrailers
  #received = 0
  #wanted = false
  #state: 'open' | 'failed' | 'ended' = 'open'
  #failure: Failure | undefined = undefined

  /** @param hidden flags of the names that nobody sees in trailers either */
  constructor(
    stream: ServerHttp2Stream,
    length: number | undefined,
    limits: BodyLimits,
    wheel: TimerWheel,
    hidden: number,
    invite: (() => void) | undefined,
  ) {
    this.length = length
    this.#stream = stream
    this.#limits = limits
    this.#wheel = wheel
    this.#invite = invite
    stream.on('trailers', (_trailers, _flags, lines) => {
      this.#trailers = receivedTrailers(lines ?? noTrailers, hidden)
    })
    stream.on('end', () => this.#onEnd())
    stream.on('close', () => this.#stopTimers())
    if (limits.total > 0) {
      this.#total = new Timer(this)
      wheel.arm(this.#total, limits.total)
    }
  }

  deliverTo(sink: BodySink): void {
    const first = this.#sink === undefined
    this.#sink = sink
    if (!first) return
    this.#stream.pause()
    this.#stream.on('data', (chunk: Buffer) => this.#onData(chunk))
  }

  resume(): void {
    if (this.#failure !== undefined) this.#tell(this.#failure)
    if (this.#state !== 'open' || this.#wanted) return
    this.#wanted = true
    this.#invite?.()
    this.#invite = undefined
    this.#waitForData()
    this.#stream.resume()
  }

  pause(): void {
    if (this.#state !== 'open' || !this.#wanted) return
    this.#wanted = false
    // Who does not want more at the moment cannot blame the client for its silence.
    this.#wheel.disarm(this.#timer)
    this.#stream.pause()
  }

  onTimer(): void {
    this.#fail(new Failure('request_timeout'))
  }

  #waitForData(): void {
    if (this.#limits.stall > 0) this.#wheel.arm(this.#timer, this.#limits.stall)
  }

  #onData(chunk: Buffer): void {
    this.#received += chunk.length
    if (this.#state !== 'open') return
    if (this.#wanted) this.#waitForData()
    if (this.#limits.bytes > 0 && this.#received > this.#limits.bytes) this.#fail(new Failure('payload_too_large'))
    else this.#sink?.onChunk(chunk)
  }

  /** The library ends what is read of a stream that was broken off as well, which is no end of a body. */
  #onEnd(): void {
    this.#stopTimers()
    if (this.#stream.closed || this.#stream.aborted || this.#stream.destroyed) return
    const told = this.#state === 'open'
    this.#state = 'ended'
    if (told) this.#sink?.onEnd(this.#trailers)
  }

  #fail(failure: Failure): void {
    if (this.#state !== 'open') return
    this.#state = 'failed'
    this.#stopTimers()
    this.#failure = failure
    this.#tell(failure)
  }

  /** Tells it once, and not before there is somebody to hear it. */
  #tell(failure: Failure): void {
    if (this.#sink === undefined) return
    this.#failure = undefined
    this.#sink.onFailure(failure)
  }

  #stopTimers(): void {
    this.#wheel.disarm(this.#timer)
    if (this.#total !== undefined) this.#wheel.disarm(this.#total)
  }
}
