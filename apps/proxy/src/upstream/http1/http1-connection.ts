import type { Socket } from 'node:net'
import { ClientConnection, FieldLines, type Outgoing, type Refused } from '@vrata/http1'
import type { BodySink } from '../../body-source.ts'
import { Failure } from '../../failure/failure.ts'
import { toFailure } from '../../failure/to-failure.ts'
import { kept, takeFrom } from '../../sockets/direct-socket.ts'
import { TurnOutput } from '../../sockets/turn-output.ts'
import { Timer, type TimerOwner } from '../../timer-wheel.ts'
import type { Call, Carrier, Fate } from '../pool/call.ts'
import { type Connection, type ConnectionOwner, type ConnectionSettings, expiry } from '../pool/connection.ts'
import { trailerName } from '../trailer-names.ts'
import { answerLimits } from './answer-limits.ts'
import { keptFor } from './kept-for.ts'
import { readBeforeGivingUp } from './last-read.ts'
import { refusedFailure } from './refused-failure.ts'

/**
 * How far the request in hand is written. `head`: nothing is; the first bytes of the body are awaited for a moment, to
 * leave with the head. `waiting`: the head; the body follows when the endpoint says 100, or after a while. `body`: a part
 * of it. `done`: all.
 */
type Upload = 'head' | 'waiting' | 'body' | 'done'

const empty = Buffer.alloc(0)

/**
 * One connection of HTTP/1.1 to an endpoint, on the codec. It carries one call after the other, and none any more after
 * anything odd. One object for its whole life: a call adds nothing to it.
 */
export class Http1Connection implements Connection, Carrier, BodySink, TimerOwner {
  retired = false
  listed = false
  freeSince: number
  keptFor = Infinity
  readonly expires: number
  readonly #socket: Socket
  readonly #output: TurnOutput
  readonly #codec = new ClientConnection(answerLimits)
  readonly #owner: ConnectionOwner
  readonly #settings: ConnectionSettings
  readonly #continueTimer = new Timer(this)
  #call: Call | undefined = undefined
  /** Whether the call in hand is not the first one. */
  #used = false
  /** Whether an interim answer has come to it. */
  #informed = false
  #upload: Upload = 'done'
  /** The first bytes of a body, for as long as the head waits for them. */
  #first: Buffer = empty
  /** The request is written, but a part of it is still on its way into the socket. */
  #sending = false
  /** The handler takes nothing for now. */
  #paused = false
  #gone = false

  constructor(socket: Socket, owner: ConnectionOwner, settings: ConnectionSettings) {
    this.#socket = socket
    this.#output = new TurnOutput(socket)
    this.#owner = owner
    this.#settings = settings
    this.freeSince = settings.timers.now
    this.expires = expiry(settings)
    takeFrom(socket, (bytes) => this.#onData(bytes))
    readBeforeGivingUp(socket)
    socket.on('drain', () => this.#onDrain())
    socket.on('end', () => this.#onSocketEnd())
    socket.on('error', (error) => this.#break(toFailure(error, 'exchange')))
    socket.on('close', () => this.#onSocketClose())
  }

  get active(): number {
    return this.#call === undefined ? 0 : 1
  }

  get room(): number {
    return this.#call === undefined && !this.retired && this.#codec.reusable ? 1 : 0
  }

  start(call: Call): void {
    this.#call = call
    call.carrier = this
    call.handler.onStart()
    if (this.#call !== call) return // it was taken back
    try {
      this.#begin(call)
    } catch (thrown) {
      // The codec refuses to write what would not be HTTP; nothing has left.
      this.#owner.onMistake(thrown)
      this.#give(call, new Failure('internal_error', {}, thrown))
    }
  }

  #begin(call: Call): void {
    const { request, body } = call
    if (body === undefined) {
      if (this.#write(this.#codec.start(request, empty, true))) call.handler.onSent()
      else this.#sending = true
      return
    }
    if (request.expectContinue && this.#settings.expectContinue > 0) {
      this.#write(this.#codec.start(request))
      this.#upload = 'waiting'
      body.deliverTo(this)
      this.#settings.timers.arm(this.#continueTimer, this.#settings.expectContinue)
      return
    }
    this.#upload = 'head'
    body.deliverTo(this)
    body.resume()
    // A source that had something at hand has delivered it by now.
    if (this.#call === call && this.#upload === 'head') this.#writeHead(call, false)
  }

  /** The head, with what there is of the body. */
  #writeHead(call: Call, last: boolean): void {
    const first = this.#first
    this.#first = empty
    const room = this.#write(this.#codec.start(call.request, first, last))
    this.#upload = last ? 'done' : 'body'
    if (!last && !room) call.body?.pause()
  }

  onChunk(chunk: Buffer): void {
    const call = this.#call
    if (call === undefined || this.#upload === 'done') return
    call.bodyTaken = true
    try {
      this.#uploadChunk(call, chunk)
    } catch (thrown) {
      this.#onMistake(thrown)
    }
  }

  #uploadChunk(call: Call, chunk: Buffer): void {
    if (this.#upload === 'head') {
      if (this.#first.length === 0) {
        this.#first = kept(chunk)
        return
      }
      this.#writeHead(call, false)
    }
    if (this.#write(this.#codec.data(chunk))) call.handler.onUploaded()
    else call.body?.pause()
  }

  onEnd(trailers: readonly string[]): void {
    const call = this.#call
    if (call === undefined || this.#upload === 'done') return
    try {
      this.#uploadEnd(call, trailers)
    } catch (thrown) {
      this.#onMistake(thrown)
    }
  }

  #uploadEnd(call: Call, trailers: readonly string[]): void {
    if (this.#upload === 'head' && trailers.length === 0) this.#writeHead(call, true)
    else {
      if (this.#upload === 'head') this.#writeHead(call, false)
      this.#write(this.#codec.end(trailerLines(trailers)))
      this.#upload = 'done'
    }
    if (this.#socket.writableNeedDrain) this.#sending = true
    else call.handler.onSent()
  }

  /** A body that is not what was declared: whoever gives it out has to see to that. */
  #onMistake(thrown: unknown): void {
    this.#owner.onMistake(thrown)
    this.#break(new Failure('internal_error', {}, thrown), 'final')
  }

  /** The client's body is too large or too slow. */
  onFailure(failure: Failure): void {
    const call = this.#call
    if (call === undefined) return
    if (this.#upload === 'head') this.#give(call, failure)
    else this.#break(failure, 'final')
  }

  /** Ends a call of which nothing was written; the connection is as good as before. */
  #give(call: Call, failure: Failure): void {
    this.#clear()
    this.#owner.onRoom(this)
    call.refuse(failure)
  }

  /** @returns false when the socket is full: `drain` follows */
  #write(pieces: Outgoing): boolean {
    this.#output.write(pieces)
    return !this.#socket.writableNeedDrain
  }

  #onDrain(): void {
    const call = this.#call
    if (call === undefined) return
    if (this.#sending) {
      this.#sending = false
      call.handler.onSent()
    } else if (this.#upload === 'body') {
      call.handler.onUploaded()
      if (this.#call === call) call.body?.resume()
    }
  }

  /** The endpoint did not say 100 in time; some never do. */
  onTimer(): void {
    this.#sendBody()
  }

  #sendBody(): void {
    if (this.#upload !== 'waiting') return
    this.#settings.timers.disarm(this.#continueTimer)
    this.#upload = 'body'
    this.#call?.body?.resume()
  }

  #onData(bytes: Buffer): void {
    this.#codec.receive(bytes)
    this.#pump()
    this.#codec.detach()
  }

  #onSocketEnd(): void {
    this.#codec.receiveEnd()
    if (!this.#paused) this.#pump()
  }

  /** Tells the handler of what has come, for as long as it wants to hear. */
  #pump(): void {
    while (!this.#paused && !this.#gone) {
      const event = this.#codec.next()
      const call = this.#call
      switch (event.kind) {
        case 'need-data':
          return
        case 'data':
          if (call !== undefined && !call.handler.onData(event.bytes)) this.#pause()
          break
        case 'response':
          this.#settings.timers.disarm(this.#continueTimer)
          this.keptFor = keptFor(event)
          call?.handler.onHead(event)
          break
        case 'informational':
          this.#informed = true
          if (event.status === 100) this.#sendBody()
          else call?.handler.onInform(event.status, event.fields)
          break
        case 'end':
          if (call !== undefined) this.#finish(call, event.trailers)
          break
        case 'refused':
          this.#refuse(event)
          return
        default:
          this.close() // `closed`: an idle connection that the endpoint ended. `raw` was not asked for, so never comes.
          return
      }
    }
  }

  #pause(): void {
    if (this.#call === undefined) return
    this.#paused = true
    this.#socket.pause()
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#pump()
    if (!this.#paused) this.#socket.resume()
  }

  /** The answer is complete. The connection is used again only if the request is too, and nothing odd was seen. */
  #finish(call: Call, trailers: Parameters<Call['end']>[0]): void {
    if (this.#upload !== 'done') call.body?.pause()
    const socket = this.#socket
    const written = socket.writableLength === 0 && socket.errored === null && this.#output.held === 0
    const clean = this.#codec.reusable && written
    this.#clear()
    this.#used = true
    if (!clean) this.#drop()
    else if (this.retired) this.close()
    else this.#owner.onRoom(this)
    call.end(trailers)
  }

  #clear(): void {
    this.#call = undefined
    this.#informed = false
    this.#upload = 'done'
    this.#first = empty
    this.#sending = false
    this.#settings.timers.disarm(this.#continueTimer)
    if (!this.#paused) return
    this.#paused = false
    this.#socket.resume()
  }

  #refuse(event: Refused): void {
    const unanswered = event.reason === 'closed_before_response' && this.#used && !this.#informed
    this.#break(refusedFailure(event), unanswered ? 'unanswered' : 'final')
  }

  /** Whether a call whose connection breaks now may simply have come too late. */
  get #fate(): Fate {
    return this.#used && !this.#codec.answerBegun ? 'unanswered' : 'final'
  }

  /** Ends the connection, and the call that it carries if there is one, by a failure. */
  #break(failure: Failure, fate = this.#fate): void {
    const call = this.#call
    if (call !== undefined && this.#upload !== 'done') call.body?.pause()
    this.#clear()
    this.#drop()
    call?.fail(failure, fate)
  }

  abort(): void {
    if (this.#upload !== 'done') this.#call?.body?.pause()
    this.#clear()
    if (this.#codec.reusable)
      this.#owner.onRoom(this) // nothing was written yet
    else this.#drop()
  }

  close(): void {
    if (this.#gone) return
    this.#goAway()
    this.#socket.destroySoon() // an endpoint that speaks TLS is told
  }

  retire(): void {
    if (this.retired) return
    if (this.#call === undefined) this.close()
    else this.#retire()
  }

  #retire(): void {
    if (this.retired) return
    this.retired = true
    this.#owner.onRetired(this)
  }

  #goAway(): void {
    this.#gone = true
    this.#retire()
  }

  /** Closes without regard to what is still to be written: nobody may read it. */
  #drop(): void {
    if (this.#gone) return
    this.#goAway()
    this.#output.drop()
    this.#socket.destroy()
  }

  /** Without an end or an error before it, the socket was destroyed by us. */
  #onSocketClose(): void {
    this.#break(new Failure('connection_reset'))
    this.#owner.onClosed(this)
  }
}

/** Trailers of a request for the wire; those that must not stand there are left out. */
function trailerLines(trailers: readonly string[]): FieldLines | undefined {
  if (trailers.length === 0) return undefined
  const lines = new FieldLines()
  for (let at = 0; at < trailers.length; at += 2) {
    const name = trailerName(trailers[at] ?? '')
    if (name !== undefined) lines.addKnown(name, trailers[at + 1] ?? '')
  }
  return lines
}
