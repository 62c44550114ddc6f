import type { Socket } from 'node:net'
import { type End, type Refused, type RequestHead, ServerConnection } from '@vrata/http1'
import { breakConnection } from '../../break-connection.ts'
import { type AdmittedHead, Exchange } from '../../exchange.ts'
import { Failure } from '../../failure/failure.ts'
import type { ReceivedFields } from '../../headers/received-fields.ts'
import { smallerLimit } from '../../limits.ts'
import { kept, stopTakingFrom, takeFrom } from '../../sockets/direct-socket.ts'
import { Timer, type TimerOwner } from '../../timer-wheel.ts'
import type { Tunnel, UpgradeOffer } from '../../upgrade-offer.ts'
import type { Client } from '../client.ts'
import { type Connection, type ConnectionHost, freshTime, refusalAnswer } from '../connection.ts'
import { admit } from '../guard.ts'
import type { ListenerRules } from '../rules.ts'
import { type AnswerHost, AnswerWriter } from './answer-writer.ts'
import { Output } from './output.ts'
import { refusalFailure } from './refusal.ts'
import { type BodyReader, RequestBody } from './request-body.ts'
import { offeredProtocol } from './upgrade.ts'

/**
 * What a limit runs for: the head of a request, the next request, more of a body that somebody wants, the rest of one
 * that nobody wants any more, the client's own end.
 */
type Waiting = 'nothing' | 'head' | 'next' | 'body' | 'rest' | 'end'

/** A body of which no more than this is left is read to its end so that the connection can be used again, in bytes. */
const restBytes = 65_536

/** How much is read and dropped at most after our own end, so that the client can read its answer, in bytes. */
const lingerBytes = 1_048_576

/** How long reading the rest, or waiting for the client's end, may take, in milliseconds. */
const restTime = 2_000

/** Stands for the request of an answer to what could not be read as one. */
const unreadable = { method: 'GET', minor: 1 }

/**
 * A client that speaks HTTP/1.1. Requests are read one after the other, the next when the answer is complete; bodies only
 * as somebody wants them. A client that ends its half while it is owed an answer is taken for gone.
 */
export class Http1Connection implements Connection, TimerOwner, BodyReader, AnswerHost {
  readonly output: Output
  codec: ServerConnection
  readonly #host: ConnectionHost
  readonly #socket: Socket
  readonly #scheme: 'http' | 'https'
  readonly #client: Client
  #rules: ListenerRules
  /** For what is read. */
  readonly #timer = new Timer(this)
  /** For a request as a whole; made when there is such a limit. */
  #total: Timer | undefined = undefined
  #waiting: Waiting = 'nothing'
  /** `ending`: our end is said. `offered`: another protocol may begin. `joined`: it has. */
  #state: 'open' | 'ending' | 'offered' | 'joined' | 'closed' = 'open'
  /** That of the request which was read last, until it is complete. */
  #answer: AnswerWriter | undefined = undefined
  #body: RequestBody | undefined = undefined
  /** Flags of the names that nobody sees in the trailers of the request either. */
  #hidden = 0
  /** The client waits for 100 before it sends the body. */
  #uninvited = false
  #fresh = true
  #pumping = false
  #dropped = 0

  /** @param firstBytes what was read already */
  constructor(host: ConnectionHost, socket: Socket, scheme: 'http' | 'https', client: Client, firstBytes?: Buffer) {
    const { rules } = host.front
    this.#host = host
    this.#socket = socket
    this.#scheme = scheme
    this.#client = client
    this.#rules = rules
    this.codec = new ServerConnection(rules.codecLimits)
    this.output = new Output(socket, host.wheel, () => socket.destroy())
    this.output.stallLimit = rules.timeouts.clientResponse
    takeFrom(socket, this.#onData)
    socket.on('end', this.#onEnd)
    socket.on('drain', this.#onDrain)
    socket.on('close', () => this.#onClose())
    socket.on('error', () => undefined) // 'close' follows
    this.#wait('head', smallerLimit(rules.timeouts.clientHeader, rules.timeouts.clientRequestTotal))
    if (firstBytes !== undefined) this.#onData(firstBytes)
  }

  // What the engine asks.

  drain(): void {
    if (this.#state !== 'open' || this.#answer !== undefined || !this.codec.idle) return
    if (this.#fresh) this.#wait('next', freshTime)
    else this.#end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** Answers without having read a request, and closes. */
  refuse(failure: Failure): void {
    this.codec.abandon()
    this.#refuse(new AnswerWriter(this, unreadable), failure)
  }

  // What the answer asks.

  get reusable(): boolean {
    if (this.#host.draining || this.#state !== 'open') return false
    const body = this.#body
    if (body === undefined) return true
    const { outstanding } = body
    return !body.failed && (outstanding === undefined || outstanding <= restBytes)
  }

  onAnswered(): void {
    this.#answer = undefined
    if (this.#state === 'offered') this.#end()
    else if (this.#host.draining) this.codec.abandon()
    else if (this.codec.phase === 'body') this.#readRest()
    this.#pump()
  }

  cut(hard: boolean): void {
    this.output.flush()
    if (hard) breakConnection(this.#socket)
    else this.#socket.destroy()
  }

  onMistake(thrown: unknown): void {
    this.#host.onMistake(thrown)
  }

  // What the body asks.

  onWanted(): void {
    this.#invite()
    this.#pump()
  }

  onUnwanted(): void {
    if (this.#waiting === 'body') this.#stopWaiting()
  }

  stopReading(): void {
    this.codec.abandon()
    this.#stopWaiting()
    this.#stopTotal()
  }

  // Reading.

  readonly #onData = (bytes: Buffer): void => {
    if (this.#state === 'ending') {
      this.#dropped += bytes.length
      if (this.#dropped > lingerBytes) this.#socket.destroy()
      return
    }
    if (this.codec.idle) this.#takeRules()
    // One piece may wait for somebody to want it; while it does, no more is taken from the socket.
    else if (this.codec.buffered > 0) this.#socket.pause()
    this.codec.receive(bytes)
    this.#pump()
    this.codec.detach()
  }

  /** Between two requests the present rules take the place of those that were read by. */
  #takeRules(): void {
    const { rules } = this.#host.front
    if (rules === this.#rules) return
    this.#rules = rules
    this.output.stallLimit = rules.timeouts.clientResponse
    this.codec = new ServerConnection(rules.codecLimits)
  }

  /** Reads as long as there is something that somebody wants. */
  #pump(): void {
    if (this.#pumping || this.#state !== 'open') return
    this.#pumping = true
    try {
      while (this.#step());
    } catch (thrown) {
      this.#host.onMistake(thrown)
      this.#socket.destroy()
    }
    this.#pumping = false
    if (this.codec.done) this.#end()
  }

  /** @returns whether there may be more */
  #step(): boolean {
    const { codec } = this
    if (this.#state !== 'open') return false
    // A client that does not take its answers gets no further ones.
    if (codec.phase === 'head' && this.output.full) return false
    if (codec.phase === 'body' && this.#body?.wanted === false) return false
    const event = codec.next()
    switch (event.kind) {
      case 'request':
        this.#begin(event)
        return true
      case 'data':
        this.#onBodyData(event.bytes)
        return true
      case 'end':
        this.#onRequestEnd(event)
        return true
      case 'refused':
        this.#onRefused(event)
        return false
      case 'need-data':
        this.#needData()
        return false
      default:
        return false
    }
  }

  #needData(): void {
    if (this.#socket.isPaused()) this.#socket.resume()
    const { timeouts } = this.#rules
    if (this.codec.phase === 'body') {
      if (this.#waiting !== 'rest') this.#wait('body', timeouts.clientRequest)
    } else if (this.codec.idle) {
      if (this.#waiting === 'nothing') this.#wait('next', timeouts.idleBetweenRequests)
    } else if (this.#waiting !== 'head') {
      this.#wait('head', timeouts.clientHeader)
      this.#startTotal(timeouts.clientRequestTotal)
    }
  }

  #begin(head: RequestHead): void {
    const { rules, acceptor } = this.#host.front
    this.#fresh = false
    this.#stopWaiting()
    const answer = new AnswerWriter(this, head)
    this.#answer = answer
    const admitted = admit(head, rules, this.#client.peer(rules), this.#scheme, this.#host)
    if (admitted instanceof Failure) {
      // A refused request may be anything: what follows it on the connection is not looked at.
      this.codec.abandon()
      this.#refuse(answer, admitted)
      return
    }
    const protocol = offeredProtocol(head)
    if (protocol !== undefined) {
      this.#offer(protocol, admitted, answer)
      return
    }
    const { bodyLength } = head
    if (bodyLength !== 'none' && bodyLength !== 0) {
      this.#body = new RequestBody(this, bodyLength === 'unknown' ? undefined : bodyLength, rules.maxBodyBytes)
      this.#uninvited = head.expectContinue
      this.#startTotal(rules.timeouts.clientRequestTotal)
    }
    this.#hidden = admitted.hidden
    const exchange = new Exchange(admitted, rules, answer, this.#body, undefined)
    answer.exchange = exchange
    acceptor.serve(exchange)
  }

  #onBodyData(bytes: Buffer): void {
    const body = this.#body
    body?.onData(bytes)
    if (this.#waiting === 'rest' && body !== undefined && body.discarded > restBytes) this.codec.abandon()
  }

  #onRequestEnd({ trailers }: End): void {
    const body = this.#body
    this.#body = undefined
    this.#stopWaiting()
    this.#stopTotal()
    body?.onEnd(trailers === undefined ? noLines : visibleLines(trailers, this.#hidden))
  }

  #onRefused(refused: Refused): void {
    const failure = refusalFailure(refused)
    if (failure === undefined) this.#socket.destroy()
    else if (this.#answer !== undefined) this.#body?.fail(failure)
    else if (this.codec.responseDue) this.#refuse(new AnswerWriter(this, unreadable), failure)
  }

  #refuse(answer: AnswerWriter, failure: Failure): void {
    this.#answer = answer
    const { status, headers, body } = refusalAnswer(failure, this.#host.front.rules)
    answer.answer(status, headers, body)
  }

  #invite(): void {
    if (!this.#uninvited) return
    this.#uninvited = false
    if (this.codec.responseDue) this.output.write(this.codec.inform(100))
  }

  /** The answer is complete before the request: the rest is read if that is worth a connection. */
  #readRest(): void {
    if (!this.reusable) {
      this.codec.abandon()
      return
    }
    this.#body?.discard()
    this.#stopTotal()
    this.#wait('rest', restTime)
  }

  /** Takes the connection off HTTP, as far as reading is concerned; an ordinary answer may still be given. */
  #offer(token: string, head: AdmittedHead, answer: AnswerWriter): void {
    const { rules, acceptor } = this.#host.front
    const socket = this.#socket
    this.codec.next() // the end of the request
    const firstBytes = kept(this.codec.abandon())
    this.#state = 'offered'
    stopTakingFrom(socket, this.#onData)
    socket.off('end', this.#onEnd)
    socket.pause()
    socket.read(0) // keeps reading into the buffer, so that a reset is noticed before somebody takes the bytes
    const offer: UpgradeOffer = {
      token,
      socket,
      firstBytes,
      idleLimit: rules.timeouts.idleStream,
      joined: (tunnel) => this.#join(tunnel, answer),
    }
    const exchange = new Exchange(head, rules, answer, undefined, offer)
    answer.exchange = exchange
    acceptor.serve(exchange)
  }

  #join(tunnel: Tunnel, answer: AnswerWriter): void {
    this.#state = 'joined'
    this.#socket.off('drain', this.#onDrain)
    this.output.flush()
    this.output.close()
    answer.join(tunnel)
    this.#host.onJoined(tunnel, () => answer.exchange?.end())
  }

  // What the socket tells.

  /** The client ends its half. Whoever is owed an answer then has gone away: nearly nobody waits like this. */
  readonly #onEnd = (): void => {
    if (this.#state === 'ending') return
    if (this.#answer !== undefined) {
      this.#socket.destroy()
      return
    }
    this.codec.receiveEnd()
    this.#pump()
  }

  readonly #onDrain = (): void => {
    this.output.onDrain()
    this.#answer?.onDrain()
    this.#pump()
  }

  #onClose(): void {
    this.#state = this.#state === 'joined' ? 'joined' : 'closed'
    this.#host.wheel.disarm(this.#timer)
    this.#stopTotal()
    this.output.close()
    this.#answer?.onClosed()
    this.#answer = undefined
  }

  // Time.

  #wait(what: Waiting, limit: number): void {
    this.#waiting = what
    if (limit > 0) this.#host.wheel.arm(this.#timer, limit)
    else this.#host.wheel.disarm(this.#timer)
  }

  /** The timer may go off all the same, and means nothing then: that is cheaper than to arm it anew for each request. */
  #stopWaiting(): void {
    this.#waiting = 'nothing'
  }

  /** From the first byte of a request on, so it may run already. */
  #startTotal(limit: number): void {
    if (limit === 0 || this.#total?.armed === true) return
    this.#total ??= new Timer(this)
    this.#host.wheel.arm(this.#total, limit)
  }

  #stopTotal(): void {
    if (this.#total !== undefined) this.#host.wheel.disarm(this.#total)
  }

  onTimer(timer: Timer): void {
    const waiting = timer === this.#total && this.#body !== undefined ? 'body' : this.#waiting
    switch (waiting) {
      case 'head':
        this.refuse(new Failure('request_timeout'))
        return
      case 'body':
        this.#body?.fail(new Failure('request_timeout'))
        return
      case 'end':
        // Whether the client takes what is still on its way out is the output's matter.
        if (this.output.pending > 0) this.#wait('end', restTime)
        else this.#socket.destroy()
        return
      case 'next':
      case 'rest':
        this.codec.abandon()
        this.#end()
        return
      default:
    }
  }

  /** Says that we will send no more, and reads and drops what the client still sends so that it can read its answer. */
  #end(): void {
    if (this.#state === 'ending' || this.#state === 'closed') return
    this.#state = 'ending'
    this.#stopTotal()
    this.output.flush()
    this.#socket.end()
    this.#socket.resume()
    this.#wait('end', restTime)
  }
}

const noLines: readonly string[] = []

/** Names and values in turn, without lines that must not be believed. */
function visibleLines(fields: ReceivedFields, hidden: number): readonly string[] {
  const lines: string[] = []
  for (let at = 0; at < fields.length; at++) {
    const name = fields.name(at)
    if ((name.flags & hidden) === 0) lines.push(name.text, fields.value(at))
  }
  return lines
}
