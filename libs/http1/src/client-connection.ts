import { checkLength } from './body-length.ts'
import { BodyWriter, type Outgoing } from './body-writer.ts'
import { type ClientEvent, closed, needData } from './events.ts'
import type { FieldLines } from './field-lines.ts'
import { choosesOffered, type Framing, protocolsOf } from './framing.ts'
import { parseResponseHead, type ResponseHead } from './heads.ts'
import { defaultLimits, type Limits } from './limits.ts'
import { MessageReader } from './message-reader.ts'
import { type Reason, type Refused, refused, WriteError } from './reasons.ts'
import { type OutgoingRequest, requestHeadText } from './serialise.ts'

/**
 * What a client connection reads now: `idle` nothing, no request is open; `head` of the response; `body` of the
 * response; `raw` another protocol; `closed` nothing any more.
 */
export type ClientPhase = 'idle' | 'head' | 'body' | 'raw' | 'closed'

const empty = Buffer.alloc(0)
const none: readonly string[] = Object.freeze([])

/**
 * The client's end of one HTTP/1.1 connection: requests in, bytes out; bytes of a server in, events out. It does no
 * I/O. One request at a time, never pipelined. After anything odd the connection can not be used for another request.
 */
export class ClientConnection {
  readonly #reader: MessageReader
  readonly #writer = new BodyWriter()
  #phase: ClientPhase = 'idle'
  #method = 'GET'
  /** What the request in hand offers in Upgrade. */
  #offered: readonly string[] = []
  #writing: 'nothing' | 'body' = 'nothing'
  /** Nothing has happened yet that forbids another request. */
  #keepAlive = true
  #informational = 0

  /** @param limits complete ones, from `completeLimits` */
  constructor(limits: Limits = defaultLimits) {
    this.#reader = new MessageReader('response', limits)
  }

  /** What is being read; for choosing a timeout. */
  get phase(): ClientPhase {
    return this.#phase
  }

  /** A request may be written: none is open, the last one ended well on both sides, and nothing came since. */
  get reusable(): boolean {
    const { input } = this.#reader
    return this.#phase === 'idle' && this.#writing === 'nothing' && input.buffered === 0 && !input.ended
  }

  /** Whether any byte has come in answer to the request in hand: then it must not be silently sent again. */
  get answerBegun(): boolean {
    return this.#phase !== 'head' || this.#informational > 0 || this.#reader.begun
  }

  /** The request is not completely written. */
  get requestOpen(): boolean {
    return this.#writing === 'body'
  }

  /** Bytes held: bounded by limits.buffered + limits.head + limits.trailers, and one received buffer. */
  get buffered(): number {
    return this.#reader.buffered
  }

  /** Takes bytes that were read; see `ServerConnection.receive`. */
  receive(bytes: Buffer): void {
    this.#reader.input.push(bytes, this.#reader.limits.buffered)
  }

  /** The server sends no more (FIN). */
  receiveEnd(): void {
    this.#reader.input.ended = true
  }

  /** Copies what is held, so that the buffer passed to `receive` may be used again. Data given out is not copied. */
  detach(): void {
    this.#reader.input.detach()
  }

  /** The next event. */
  next(): ClientEvent {
    switch (this.#phase) {
      case 'idle':
        return this.#nextWhileIdle()
      case 'head':
        return this.#nextHead()
      case 'body':
        return this.#nextOfBody()
      case 'raw': {
        const bytes = this.#reader.input.takeAll()
        this.#close()
        return { kind: 'raw', bytes }
      }
      default:
        return closed
    }
  }

  #nextWhileIdle(): ClientEvent {
    const { input } = this.#reader
    if (input.buffered > 0) return this.#refuse('unsolicited_bytes')
    if (!input.ended) return needData
    this.#close()
    return closed
  }

  #nextHead(): ClientEvent {
    const reader = this.#reader
    const text = reader.readHead(0)
    if (text === undefined) {
      if (reader.fault !== undefined) return this.#refuse(reader.fault)
      if (!reader.input.ended) return needData
      return this.#refuse(reader.begun ? 'truncated_head' : 'closed_before_response')
    }
    const head = parseResponseHead(text, this.#method, reader.facts, reader.limits)
    if (typeof head === 'string') return this.#refuse(head)
    return this.#takeHead(head)
  }

  #takeHead(head: ResponseHead): ClientEvent {
    // These can have no body and yet announce one: whoever sent that may also send it.
    const announcesInVain = head.status < 200 || head.status === 204
    if (announcesInVain && (head.chunked || (head.contentLength ?? 0) > 0)) this.#keepAlive = false
    if (head.kind === 'informational') {
      this.#informational++
      return this.#informational > this.#reader.limits.informational ? this.#refuse('too_many_informational') : head
    }
    if (!head.persistent) this.#keepAlive = false
    if (head.status === 101 && !this.#isExpectedSwitch(head)) return this.#refuse('unexpected_switch')
    if (head.status === 101 || (this.#method === 'CONNECT' && head.status < 300)) {
      this.#phase = 'raw'
      return head
    }
    this.#phase = 'body'
    this.#reader.startBody(head.framing, head.contentLength ?? 0)
    return head
  }

  #isExpectedSwitch(head: ResponseHead): boolean {
    return head.upgrade !== undefined && this.#writing === 'nothing' && choosesOffered(this.#offered, head.upgrade)
  }

  #nextOfBody(): ClientEvent {
    const read = this.#reader.readBody()
    if (read === undefined) return needData
    if (typeof read === 'string') return this.#refuse(read)
    if (read.kind === 'end') {
      if (this.#keepAlive && this.#writing === 'nothing') this.#phase = 'idle'
      else this.#close()
    }
    return read
  }

  #refuse(reason: Reason): Refused {
    this.#close()
    return refused(reason, 'response')
  }

  #close(): void {
    this.#phase = 'closed'
    this.#keepAlive = false
    this.#reader.stop()
  }

  /**
   * Writes the head of a request, the first bytes of its body, and its end when `last`.
   * @throws WriteError `out_of_turn` unless `reusable`, and for everything that can not be written; nothing is changed
   * then
   */
  start(request: OutgoingRequest, bytes: Buffer = empty, last = false): Outgoing {
    if (!this.reusable) throw new WriteError('out_of_turn')
    checkLength(request.length)
    const { length } = request
    if (request.method === 'CONNECT' && length !== 'none' && length !== 0) throw new WriteError('body_not_allowed')
    const framing: Framing = length === 'none' ? 'none' : length === 'unknown' ? 'chunked' : 'length'
    const contentLength = typeof length === 'number' ? length : undefined
    const connection = connectionOptions(request)
    const text = requestHeadText(
      request,
      { contentLength, chunked: framing === 'chunked', connection, upgrade: request.upgrade },
      this.#reader.facts.authorityOf(request.host),
    )
    this.#writer.start(framing, contentLength ?? 0)
    const written = this.#writer.encode(text, bytes, last)
    this.#method = request.method
    this.#offered = request.upgrade === undefined ? none : (protocolsOf(request.upgrade) ?? none)
    this.#keepAlive = request.close !== true
    this.#informational = 0
    this.#writing = last ? 'nothing' : 'body'
    this.#phase = 'head'
    return written
  }

  /**
   * Writes the next bytes of the body, and its end when `last`.
   * @throws WriteError `out_of_turn`, `body_not_allowed`, `body_length_differs`
   */
  data(bytes: Buffer, last = false): Outgoing {
    if (this.#writing !== 'body') throw new WriteError('out_of_turn')
    const written = this.#writer.encode('', bytes, last)
    if (last) this.#writing = 'nothing'
    return written
  }

  /**
   * Ends the request. Trailers are written in chunked bodies only, elsewhere they have no place and are left out.
   * @throws WriteError `out_of_turn`, `body_length_differs`, `trailer_forbidden`
   */
  end(trailers?: FieldLines): Outgoing {
    if (this.#writing !== 'body') throw new WriteError('out_of_turn')
    const written = this.#writer.encode('', empty, true, trailers)
    this.#writing = 'nothing'
    return written
  }
}

function connectionOptions(request: OutgoingRequest): readonly string[] {
  if (request.close !== true && request.acceptTrailers !== true && request.upgrade === undefined) return none
  const options: string[] = []
  if (request.close === true) options.push('close')
  if (request.acceptTrailers === true) options.push('te')
  if (request.upgrade !== undefined) options.push('upgrade')
  return options
}
