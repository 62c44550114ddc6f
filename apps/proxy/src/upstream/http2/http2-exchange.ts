import { type ClientHttp2Session, type ClientHttp2Stream, constants } from 'node:http2'
import { Readable } from 'node:stream'
import { type BodyLength, refused } from '@vrata/http1'
import type { BodySink } from '../../body-source.ts'
import { endClosed } from '../../closed-stream.ts'
import { Failure } from '../../failure/failure.ts'
import { codeOf, toFailure } from '../../failure/to-failure.ts'
import { FlatFields } from '../../headers/received-fields.ts'
import { kept } from '../../sockets/direct-socket.ts'
import { Timer, type TimerOwner, type TimerWheel } from '../../timer-wheel.ts'
import { closedFailure } from '../closed-failure.ts'
import { answerLimits } from '../http1/answer-limits.ts'
import { refusedFailure } from '../http1/refused-failure.ts'
import type { Call, Carrier, Fate } from '../pool/call.ts'
import { KeptBody } from '../pool/kept-body.ts'
import { trailerName } from '../trailer-names.ts'
import type { AnswerHead } from '../transport.ts'
import { streamFailure } from './stream-failure.ts'

/** What an exchange asks of the connection that it is a stream of. */
export interface StreamOwner {
  readonly timers: TimerWheel
  /** How long a body waits for `100 Continue`, in milliseconds; 0 = not at all. */
  readonly expectContinue: number
  /** Why the connection ended, if it did; `ended`: its endpoint closed it in peace. */
  readonly broken: Failure | 'ended' | undefined
  /** The endpoint will not begin to work on streams above this one. */
  readonly lastProcessed: number
  /** Whether other streams ended well on this connection before. */
  readonly used: boolean
  /** Something of an answer has come. */
  onHeard(): void
  /** A stream was given up of whose answer nothing had come. */
  onGivenUp(): void
  /** The endpoint wants HTTP/1.1. @returns whether it can have it: then the request is to be sent once more */
  fallBack(): boolean
  /** The stream is closed. */
  onStreamClosed(): void
  onMistake(thrown: unknown): void
}

const exchangeOf = Symbol('exchange')
type OwnedStream = ClientHttp2Stream & { [exchangeOf]?: Http2Exchange }

/** One call as a stream of a connection of HTTP/2. */
export class Http2Exchange implements Carrier, BodySink, TimerOwner {
  readonly #owner: StreamOwner
  readonly #stream: OwnedStream
  #call: Call | undefined
  /** `waiting`: the head is out, the body waits for 100. */
  #upload: 'waiting' | 'body' | 'done' = 'done'
  #trailers: readonly string[] = []
  #continueTimer: Timer | undefined = undefined
  #headSeen = false
  /** Interim answers so far. */
  #informed = 0
  /** The endpoint has said that its answer is complete. */
  #complete = false
  #kept: KeptBody | undefined = undefined
  /** Why its connection broke, where the stream hears of that first. */
  #broken: Failure | undefined = undefined
  #answerTrailers: FlatFields | undefined = undefined

  /** @throws whatever the session throws when it takes no more streams */
  constructor(call: Call, session: ClientHttp2Session, fields: readonly string[], owner: StreamOwner) {
    const hasBody = call.body !== undefined
    this.#call = call
    this.#owner = owner
    this.#stream = session.request(fields, { endStream: !hasBody, waitForTrailers: hasBody })
    this.#stream[exchangeOf] = this
    this.#stream.push = pushed
    listen(this.#stream)
  }

  /** Sends the body, if there is one. */
  begin(): void {
    const call = this.#call
    if (call === undefined) return
    const { body } = call
    if (body === undefined) {
      call.handler.onSent()
      return
    }
    this.#kept = new KeptBody(body)
    body.deliverTo(this)
    const { expectContinue, timers } = this.#owner
    if (call.request.expectContinue && expectContinue > 0) {
      this.#upload = 'waiting'
      this.#continueTimer = new Timer(this)
      timers.arm(this.#continueTimer, expectContinue)
      return
    }
    this.#upload = 'body'
    body.resume()
  }

  /** The endpoint did not say 100 in time. */
  onTimer(): void {
    this.onContinue()
  }

  onContinue(): void {
    if (this.#upload !== 'waiting') return
    this.#disarm()
    this.#upload = 'body'
    this.#call?.body?.resume()
  }

  onChunk(chunk: Buffer): void {
    const call = this.#call
    if (call === undefined || this.#upload === 'done') return
    call.bodyTaken = true
    const bytes = kept(chunk) // it may wait for the endpoint's window
    if (this.#kept?.whole) this.#kept.keep(bytes)
    if (this.#stream.write(bytes)) call.handler.onUploaded()
    else call.body?.pause()
  }

  onDrain(): void {
    const call = this.#call
    if (call === undefined || this.#upload !== 'body') return
    call.handler.onUploaded()
    if (this.#call === call) call.body?.resume()
  }

  onEnd(trailers: readonly string[]): void {
    if (this.#call === undefined || this.#upload === 'done') return
    this.#upload = 'done'
    this.#trailers = trailers
    this.#kept?.keepEnd(trailers)
    this.#stream.end()
  }

  /** It is also asked for what follows a body that was given up. */
  onWantTrailers(): void {
    if (this.#stream.closed || this.#stream.destroyed) return
    try {
      this.#stream.sendTrailers(trailersObject(this.#trailers))
    } catch (thrown) {
      this.#owner.onMistake(thrown)
      this.#fail(new Failure('internal_error', {}, thrown), 'final')
    }
  }

  onFinish(): void {
    if (this.#kept !== undefined) this.#call?.handler.onSent() // without a body it was told before
  }

  /** The client's body is too large or too slow. */
  onFailure(failure: Failure): void {
    this.#fail(failure, 'final')
  }

  onInform(status: number, raw: readonly string[]): void {
    this.#owner.onHeard()
    this.#informed++
    if (this.#informed > answerLimits.informational) this.#refuse('too_many_informational')
    else if (status !== 100) this.#call?.handler.onInform(status, new FlatFields(raw.slice(2)))
  }

  onHead(raw: readonly string[], last: boolean): void {
    this.#disarm()
    this.#owner.onHeard()
    const status = Number(raw[1])
    if (status > 599) {
      this.#refuse('status_out_of_range')
      return
    }
    this.#headSeen = true
    this.#kept?.drop()
    this.#call?.handler.onHead(answerHead(status, raw, last))
  }

  /** The answer breaks a rule that this protocol does not look after. */
  #refuse(reason: 'too_many_informational' | 'status_out_of_range'): void {
    this.#fail(refusedFailure(refused(reason, 'response')), 'final')
  }

  onData(chunk: Buffer): void {
    this.#owner.onHeard()
    if (this.#call !== undefined && !this.#call.handler.onData(chunk)) this.#stream.pause()
  }

  onTrailers(raw: readonly string[]): void {
    this.#answerTrailers = new FlatFields(raw)
  }

  /** There is no more to be read. A stream that is reset without an error ends like one that is complete. */
  onLast(): void {
    if (!this.#stream.closed) this.#complete = true
    else if (!this.#complete || this.#call === undefined) endClosed(this.#stream)
  }

  /** All of the answer was read. What is left of the request is of no use any more. */
  onAnswered(): void {
    const call = this.#call
    if (call === undefined || !this.#headSeen || !this.#complete) return
    this.#letGo(call)
    // Without an error it would wait for what was written, which an endpoint that has answered may never read.
    const code = this.#upload === 'done' ? constants.NGHTTP2_CANCEL : constants.NGHTTP2_NO_ERROR
    if (this.#stream.closed || !this.#stream.writableFinished) this.#reset(code)
    call.end(this.#answerTrailers)
  }

  /** `close` follows. A reset of this stream alone is judged there by its code; others come from the connection. */
  onError(error: Error): void {
    if (codeOf(error) !== 'ERR_HTTP2_STREAM_ERROR') this.#broken ??= toFailure(error, 'exchange')
  }

  onClose(): void {
    if (this.#call !== undefined) this.#failByClose()
    this.#owner.onStreamClosed()
  }

  #failByClose(): void {
    const { id = 0, rstCode = constants.NGHTTP2_NO_ERROR } = this.#stream
    const unprocessed = id > this.#owner.lastProcessed
    const broken = this.#owner.broken ?? this.#broken
    if (broken !== undefined && !unprocessed) {
      this.#fail(broken === 'ended' ? this.#closed() : broken, this.#fateWithConnection)
      return
    }
    const { failure, fate } = streamFailure(rstCode, unprocessed)
    if (rstCode === constants.NGHTTP2_HTTP_1_1_REQUIRED && !this.#headSeen && this.#owner.fallBack()) {
      this.#fail(failure, 'unheard')
      return
    }
    this.#fail(failure, this.#headSeen ? 'final' : fate)
  }

  #closed(): Failure {
    const rule = this.#headSeen ? 'truncated_body' : 'closed_before_response'
    return closedFailure(rule, new Error('the connection was ended'))
  }

  /** Whether a call that dies with its connection may simply have come too late. */
  get #fateWithConnection(): Fate {
    return this.#owner.used && !this.#headSeen ? 'unanswered' : 'final'
  }

  #fail(failure: Failure, fate: Fate): void {
    const call = this.#call
    if (call === undefined) return
    this.#letGo(call)
    this.#cancel()
    if (this.#kept?.whole) {
      call.body = this.#kept.rewind()
      call.bodyTaken = false
    }
    call.fail(failure, fate)
  }

  resume(): void {
    this.#stream.resume()
  }

  abort(): void {
    if (this.#call !== undefined) this.#letGo(this.#call)
    this.#cancel()
    if (!this.#headSeen) this.#owner.onGivenUp()
  }

  #letGo(call: Call): void {
    this.#call = undefined
    this.#disarm()
    if (this.#upload !== 'done') call.body?.pause()
  }

  #cancel(): void {
    this.#reset(constants.NGHTTP2_CANCEL)
    this.#stream.resume() // what has come already is in the way of closing
  }

  #reset(code: number): void {
    if (this.#stream.closed) endClosed(this.#stream)
    else setImmediate(resetStream, this.#stream, code)
  }

  #disarm(): void {
    if (this.#continueTimer !== undefined) this.#owner.timers.disarm(this.#continueTimer)
  }
}

function listen(stream: OwnedStream): void {
  stream.on('continue', onContinue)
  stream.on('headers', onHeaders)
  stream.on('response', onResponse)
  stream.on('data', onData)
  stream.on('trailers', onTrailers)
  stream.on('end', onAnswered)
  stream.on('drain', onDrain)
  stream.on('finish', onFinish)
  stream.on('wantTrailers', onWantTrailers)
  stream.on('error', onError)
  stream.on('close', onClose)
}

/**
 * Sees the end of what can be read come, while the stream still tells whether it is the answer's own: later, a reset
 * without an error (RFC 9113, 8.1) looks the same.
 */
function pushed(this: OwnedStream, chunk: unknown, encoding?: BufferEncoding): boolean {
  if (chunk === null) this[exchangeOf]?.onLast()
  return Readable.prototype.push.call(this, chunk, encoding)
}

/**
 * Resets a stream, outside of what the library does for its connection: in there it notes a CANCEL for later, and forgets it
 * when the stream ends meanwhile. What is left to be sent of the stream would then be asked for without end.
 */
function resetStream(stream: OwnedStream, code: number): void {
  if (stream.closed) endClosed(stream)
  else stream.close(code)
}

function onContinue(this: OwnedStream): void {
  this[exchangeOf]?.onContinue()
}

function onHeaders(this: OwnedStream, headers: { ':status'?: number }, _flags: number, raw: readonly string[]): void {
  this[exchangeOf]?.onInform(headers[':status'] ?? 0, raw)
}

function onResponse(this: OwnedStream, _headers: unknown, flags: number, raw: readonly string[]): void {
  this[exchangeOf]?.onHead(raw, (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0)
}

function onData(this: OwnedStream, chunk: Buffer): void {
  this[exchangeOf]?.onData(chunk)
}

function onTrailers(this: OwnedStream, _headers: unknown, _flags: number, raw: readonly string[]): void {
  this[exchangeOf]?.onTrailers(raw)
}

function onAnswered(this: OwnedStream): void {
  this[exchangeOf]?.onAnswered()
}

function onDrain(this: OwnedStream): void {
  this[exchangeOf]?.onDrain()
}

function onFinish(this: OwnedStream): void {
  this[exchangeOf]?.onFinish()
}

function onWantTrailers(this: OwnedStream): void {
  this[exchangeOf]?.onWantTrailers()
}

function onError(this: OwnedStream, error: Error): void {
  this[exchangeOf]?.onError(error)
}

function onClose(this: OwnedStream): void {
  this[exchangeOf]?.onClose()
}

/** @param last nothing follows the head */
function answerHead(status: number, raw: readonly string[], last: boolean): AnswerHead {
  const fields = new FlatFields(raw.slice(2)) // behind `:status`, which comes first and alone
  return { status, fields, bodyLength: bodyLength(fields, last) }
}

function bodyLength(fields: FlatFields, last: boolean): BodyLength {
  const declared = fields.get('content-length')
  if (declared !== undefined && /^\d{1,15}$/.test(declared)) return Number(declared)
  return last ? 'none' : 'unknown'
}

function trailersObject(lines: readonly string[]): Record<string, string[]> {
  // Without a prototype, whose members have names that lines may have as well.
  const trailers: Record<string, string[]> = Object.create(null)
  for (let at = 0; at < lines.length; at += 2) {
    const name = trailerName(lines[at] ?? '')?.lower
    if (name !== undefined) trailers[name] = [...(trailers[name] ?? []), lines[at + 1] ?? '']
  }
  return trailers
}
