import { checkLength } from './body-length.ts'
import { BodyWriter, type Outgoing } from './body-writer.ts'
import { closed, needData, paused, type ServerEvent } from './events.ts'
import type { FieldLines } from './field-lines.ts'
import { choosesOffered, type Framing, isBodiless, protocolsOf } from './framing.ts'
import { parseRequestHead, type RequestHead } from './heads.ts'
import { defaultLimits, type Limits } from './limits.ts'
import { MessageReader } from './message-reader.ts'
import { type Reason, type Refused, refused, WriteError } from './reasons.ts'
import { connectionLines, framingToWrite } from './response-framing.ts'
import { type OutgoingResponse, responseHeadText } from './serialise.ts'

/**
 * What a server connection reads now: `head` the next request, `body` of the request, `paused` nothing until the
 * response is complete, `raw` another protocol, `closed` nothing any more.
 */
export type ServerPhase = 'head' | 'body' | 'paused' | 'raw' | 'closed'

const empty = Buffer.alloc(0)

/**
 * The server's end of one HTTP/1.1 connection: bytes of a client in, events out; responses in, bytes out. It does no
 * I/O. The owner passes what it reads to `receive`, asks `next()` until it gives `need-data`, `paused` or `closed`, and
 * writes what the writing methods return. One request at a time: pipelined ones wait until the response is complete.
 */
export class ServerConnection {
  readonly #reader: MessageReader
  readonly #writer = new BodyWriter()
  #phase: ServerPhase = 'head'
  /** Whose response is due or being written. */
  #request: RequestHead | undefined = undefined
  #writing: 'nothing' | 'head' | 'body' = 'nothing'
  #keepAlive = true
  /** The client waits for 100 and has sent nothing of the body. */
  #clientWaits = false

  /** @param limits complete ones, from `completeLimits` */
  constructor(limits: Limits = defaultLimits) {
    this.#reader = new MessageReader('request', limits)
  }

  /** What is being read; for choosing a timeout. */
  get phase(): ServerPhase {
    return this.#phase
  }

  /** No request is under way, and no byte of the next one has come. */
  get idle(): boolean {
    return this.#phase === 'head' && !this.#reader.begun
  }

  /** Bytes held: bounded by limits.buffered + limits.head + limits.trailers, and one received buffer. */
  get buffered(): number {
    return this.#reader.buffered
  }

  /** Everything is said: the owner should end the connection once what it was given is written. */
  get done(): boolean {
    return this.#phase === 'closed' && this.#writing === 'nothing'
  }

  /** Whether a response head may be written now. */
  get responseDue(): boolean {
    return this.#writing === 'head'
  }

  /**
   * Takes bytes that were read. The codec keeps views of the buffer until they were given out; see `detach`. While
   * `buffered` grows (paused, or the owner does not ask for events), the owner should stop reading: more than
   * limits.buffered is dropped and refused as `buffer_overflow`.
   */
  receive(bytes: Buffer): void {
    this.#reader.input.push(bytes, this.#reader.limits.buffered)
  }

  /** The client sends no more (FIN). A response may still be written. */
  receiveEnd(): void {
    this.#reader.input.ended = true
  }

  /** Copies what is held, so that the buffer passed to `receive` may be used again. Data given out is not copied. */
  detach(): void {
    this.#reader.input.detach()
  }

  /**
   * Stops reading for a reason of the owner's: a timeout, a full house, bytes that belong to another protocol. A response
   * that has not begun may be written all the same, also when no request came; the connection closes after it.
   * @returns what was received and not asked for
   */
  abandon(): Buffer {
    const rest = this.#reader.input.takeAll()
    if (this.#phase !== 'closed') this.#stopReading()
    return rest
  }

  /** The next event. */
  next(): ServerEvent {
    switch (this.#phase) {
      case 'head':
        return this.#nextHead()
      case 'body':
        return this.#nextOfBody()
      case 'paused':
        return paused
      case 'raw': {
        const bytes = this.#reader.input.takeAll()
        this.#close()
        return { kind: 'raw', bytes }
      }
      default:
        return closed
    }
  }

  #nextHead(): ServerEvent {
    const reader = this.#reader
    const text = reader.readHead(1)
    if (text === undefined) {
      if (reader.fault !== undefined) return this.#refuse(reader.fault)
      if (!reader.input.ended) return needData
      if (reader.begun) return this.#refuse('truncated_head')
      this.#close()
      return closed
    }
    const head = parseRequestHead(text, reader.facts, reader.limits)
    if (typeof head === 'string') return this.#refuse(head)
    this.#request = head
    this.#writing = 'head'
    this.#keepAlive = head.persistent
    this.#clientWaits = head.expectContinue
    this.#phase = 'body'
    reader.startBody(head.framing, head.contentLength)
    return head
  }

  #nextOfBody(): ServerEvent {
    const read = this.#reader.readBody()
    if (read === undefined) return needData
    if (typeof read === 'string') return this.#refuse(read)
    this.#clientWaits = false
    if (read.kind === 'data') return read
    if (this.#writing !== 'nothing') this.#phase = 'paused'
    else this.#nextRequest()
    return read
  }

  #refuse(reason: Reason): Refused {
    this.#stopReading()
    return refused(reason, 'request')
  }

  #stopReading(): void {
    this.#keepAlive = false
    if (this.#phase === 'head') {
      this.#request = undefined
      this.#writing = 'head'
    }
    this.#close()
  }

  #close(): void {
    this.#phase = 'closed'
    this.#reader.stop()
  }

  #nextRequest(): void {
    this.#request = undefined
    if (this.#keepAlive) this.#phase = 'head'
    else this.#close()
  }

  /**
   * Writes an informational response (100, 103, ... but not 101). Gives nothing to write for an HTTP/1.0 client, which
   * does not know them.
   * @throws WriteError `out_of_turn` when no response is due; `status_out_of_range`
   */
  inform(status: number, fields?: FieldLines): Outgoing {
    const request = this.#request
    if (this.#writing !== 'head' || request === undefined) throw new WriteError('out_of_turn')
    if (status < 100 || status > 199 || status === 101) throw new WriteError('status_out_of_range')
    if (request.minor === 0) return []
    const lines = { contentLength: undefined, chunked: false, connection: [], upgrade: undefined }
    const text = responseHeadText({ status, fields, length: 'none' }, lines)
    if (status === 100) this.#clientWaits = false
    return [text]
  }

  /**
   * Writes a whole response; for HEAD and 304 only its head, with the length of `body`.
   * @throws WriteError as `start`
   */
  respond(response: Omit<OutgoingResponse, 'length'>, body: Buffer = empty): Outgoing {
    const request = this.#request
    const bodiless = isBodiless(response.status, request?.method ?? 'GET')
    return this.start({ ...response, length: body.length }, bodiless ? empty : body, true)
  }

  /**
   * Writes the head of the final response (or of 101), the first bytes of its body, and its end when `last`. Also
   * answers a request that was refused, if its response had not begun; the connection closes then. 101, and 2xx to
   * CONNECT, need nothing more: the next event is `raw`.
   * @throws WriteError `out_of_turn`, and for everything that can not be written; nothing is changed then
   */
  start(response: OutgoingResponse, bytes: Buffer = empty, last = false): Outgoing {
    if (this.#writing !== 'head') throw new WriteError('out_of_turn')
    checkLength(response.length)
    const method = this.#request?.method ?? 'GET'
    const switches = this.#switches(response, method)
    const minor = this.#request?.minor ?? 0
    const framing = framingToWrite(response, method, minor)
    const keepAlive = this.#mayKeepAlive(response, framing)
    const length = typeof response.length === 'number' ? response.length : 0
    const text = responseHeadText(response, connectionLines(response, method, minor, keepAlive))
    this.#writer.start(framing, length)
    const written = this.#writer.encode(text, bytes, last)
    this.#keepAlive = keepAlive
    this.#writing = 'body'
    if (switches) {
      this.#writing = 'nothing'
      this.#phase = 'raw'
    } else if (last) this.#finish()
    return written
  }

  /**
   * Writes the next bytes of the body, and its end when `last`.
   * @throws WriteError `out_of_turn`, `body_not_allowed`, `body_length_differs`
   */
  data(bytes: Buffer, last = false): Outgoing {
    if (this.#writing !== 'body') throw new WriteError('out_of_turn')
    const written = this.#writer.encode('', bytes, last)
    if (last) this.#finish()
    return written
  }

  /**
   * Ends the response; the next request is read from now on. Trailers are written in chunked bodies only, elsewhere
   * they have no place and are left out.
   * @throws WriteError `out_of_turn`, `body_length_differs`, `trailer_forbidden`
   */
  end(trailers?: FieldLines): Outgoing {
    if (this.#writing !== 'body') throw new WriteError('out_of_turn')
    const written = this.#writer.encode('', empty, true, trailers)
    this.#finish()
    return written
  }

  #finish(): void {
    this.#writing = 'nothing'
    if (this.#phase === 'paused') this.#nextRequest()
    else if (!this.#keepAlive) this.#close()
  }

  /** Whether the connection leaves HTTP with this response. */
  #switches(response: OutgoingResponse, method: string): boolean {
    const { status, upgrade } = response
    if (status !== 101) {
      if (status < 200) throw new WriteError('status_out_of_range')
      if (method !== 'CONNECT' || status > 299) return false
    } else {
      const chosen = protocolsOf(upgrade ?? '')
      if (chosen === undefined || !choosesOffered(this.#request?.upgrade ?? [], chosen))
        throw new WriteError('unexpected_switch')
    }
    // What follows the request belongs to the new protocol, so all of the request must have been read.
    const bodyless = this.#phase === 'body' && this.#request?.framing === 'none'
    if (this.#phase !== 'paused' && !bodyless) throw new WriteError('out_of_turn')
    return true
  }

  #mayKeepAlive(response: OutgoingResponse, framing: Framing): boolean {
    // A client that waits for 100 may or may not send its body after a final response: where the next request begins
    // can not be known then. RFC 9110, 10.1.1
    const { buffered, ended } = this.#reader.input
    if (buffered === 0 && (this.#clientWaits || ended)) return false
    return this.#keepAlive && response.close !== true && framing !== 'close'
  }
}
