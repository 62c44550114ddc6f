import {
  constants,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerSessionOptions,
} from 'node:http2'
import type { Socket } from 'node:net'
import { Exchange } from '../../exchange.ts'
import { Failure } from '../../failure/failure.ts'
import { Timer, type TimerOwner } from '../../timer-wheel.ts'
import type { UpgradeOffer } from '../../upgrade-offer.ts'
import type { Client } from '../client.ts'
import { type Connection, type ConnectionHost, refusalAnswer } from '../connection.ts'
import { admit, isGrpc } from '../guard.ts'
import type { ListenerRules } from '../rules.ts'
import { type ReceivedRequest, receivedRequest } from './received-request.ts'
import { StreamAnswer } from './stream-answer.ts'
import { StreamBody } from './stream-body.ts'
import { StreamSocket } from './stream-socket.ts'

/** Bytes of request bodies that a client may send ahead on a whole connection. */
const connectionWindow = 1_048_576

/**
 * Header lines that the library lets through beyond our own limit: the pieces that browsers cut their cookies into, which
 * are one line for us, and some more, so that we can say what was wrong.
 */
const spareFields = 256

/** What a line costs in the way HTTP/2 counts the size of a head (RFC 9113, 6.5.2). */
const costOfField = 32

/** Longest head of an answer, encoded, in bytes: more than what is taken from an upstream. */
const longestHead = 524_288

/** How many more streams a client may reset at once, and then each second, than others do. */
const resets = { burst: 200, rate: 33 }

/**
 * SETTINGS and PING frames that a client may send at once, and which it earns: by requests, by the seconds that pass, since
 * many ask now and then whether we are still there, and by bytes that we sent, since some measure the way by them.
 */
const controlFrames = { burst: 200, perRequest: 20, perSecond: 100, perByte: 1 / 128 }

/** How long the client is given to hear that the connection closes, in milliseconds. */
const farewellTime = 2_000

/** The highest id of a stream: a client that is told it knows that we close, but not yet what we take. */
const lastStreamId = 2 ** 31 - 1

const nothing = Buffer.alloc(0)

/** A client that speaks HTTP/2. */
export class Http2Connection implements Connection, TimerOwner {
  readonly #host: ConnectionHost
  readonly #socket: Socket
  readonly #session: ServerHttp2Session
  readonly #scheme: 'http' | 'https'
  readonly #client: Client
  readonly #timer = new Timer(this)
  #streams = 0
  /** Control frames that the client may still send before it is looked at what it has earned since. */
  #controlFrames = controlFrames.burst
  #earnedAt: number
  #bytesAt = 0
  #state: 'open' | 'leaving' | 'closing' | 'closed' = 'open'

  /** @param firstBytes what was read already */
  constructor(host: ConnectionHost, socket: Socket, scheme: 'http' | 'https', client: Client, firstBytes?: Buffer) {
    const { rules } = host.front
    this.#host = host
    this.#socket = socket
    this.#scheme = scheme
    this.#client = client
    this.#earnedAt = host.wheel.now
    if (firstBytes !== undefined) socket.unshift(firstBytes)
    socket.on('error', () => undefined) // 'close' follows
    const session = performServerHandshake(socket, sessionOptions(rules))
    this.#session = session
    session.on('stream', (stream, _headers, _flags, lines) => this.#onStream(stream, lines))
    session.on('connect', () => {
      if (!session.destroyed) session.setLocalWindowSize(connectionWindow)
    })
    session.on('remoteSettings', () => this.#onControlFrame())
    session.on('ping', () => this.#onControlFrame())
    session.on('error', () => socket.destroy())
    session.on('close', () => this.#onClose())
    socket.on('end', () => socket.destroy()) // there is no half of a connection of HTTP/2
    socket.on('close', () => this.#onClose())
    host.wheel.arm(this.#timer, rules.timeouts.clientHeader)
  }

  drain(): void {
    // One that the library has given up tells so later.
    if (this.#state !== 'open' || this.#session.destroyed) return
    this.#state = 'leaving'
    // Requests that are under way by now are still taken; which they are is known when the client has answered.
    this.#session.goaway(constants.NGHTTP2_NO_ERROR, lastStreamId)
    this.#session.ping(() => this.#leave())
    this.#wait(farewellTime)
  }

  destroy(): void {
    this.#session.destroy()
    this.#socket.destroy()
  }

  onTimer(): void {
    if (this.#state === 'closing') this.destroy()
    else this.#leave()
  }

  /** Takes no more requests and closes when those under way have ended. */
  #leave(): void {
    if (this.#state === 'closing' || this.#state === 'closed') return
    this.#state = 'closing'
    this.#session.close()
    if (this.#streams === 0) this.#wait(farewellTime)
    else this.#stopWaiting()
  }

  #onStream(stream: ServerHttp2Stream, lines: readonly string[]): void {
    this.#streams++
    this.#controlFrames += controlFrames.perRequest
    if (this.#state === 'open') this.#stopWaiting()
    stream.on('close', () => this.#onStreamClose())
    try {
      this.#begin(stream, lines)
    } catch (thrown) {
      this.#host.onMistake(thrown)
      stream.close(constants.NGHTTP2_INTERNAL_ERROR)
    }
  }

  #begin(stream: ServerHttp2Stream, lines: readonly string[]): void {
    const { rules, acceptor } = this.#host.front
    const received = receivedRequest(lines, !stream.endAfterHeaders)
    const method = received instanceof Failure ? 'GET' : received.method
    const { timeouts } = rules
    const answer = new StreamAnswer(stream, method, this.#host.wheel, timeouts.clientResponse, this.#onMistake)
    if (received instanceof Failure) {
      this.#refuse(stream, answer, received, false)
      return
    }
    const head = admit(received, rules, this.#client.peer(rules), this.#scheme, this.#host)
    if (head instanceof Failure) {
      this.#refuse(stream, answer, head, isGrpc(received.fields.get('content-type')))
      return
    }
    const body = this.#bodyOf(stream, received, answer, head.hidden)
    const { protocol } = received
    const offer = protocol === undefined ? undefined : this.#offer(stream, protocol, answer)
    // There is nothing to come behind such a head, and reading it all the same costs as much as the whole answer.
    if (body === undefined && offer === undefined && !stream.endAfterHeaders) stream.resume()
    const exchange = new Exchange(head, rules, answer, body, offer)
    answer.exchange = exchange
    acceptor.serve(exchange)
  }

  readonly #onMistake = (thrown: unknown): void => this.#host.onMistake(thrown)

  #bodyOf(
    stream: ServerHttp2Stream,
    { bodyLength, expectContinue }: ReceivedRequest,
    answer: StreamAnswer,
    hidden: number,
  ): StreamBody | undefined {
    if (bodyLength === 'none' || bodyLength === 0) return undefined
    const { timeouts, maxBodyBytes } = this.#host.front.rules
    const limits = { stall: timeouts.clientRequest, total: timeouts.clientRequestTotal, bytes: maxBodyBytes }
    const length = bodyLength === 'unknown' ? undefined : bodyLength
    const invite = expectContinue ? () => answer.invite() : undefined
    return new StreamBody(stream, length, limits, this.#host.wheel, hidden, invite)
  }

  /** A client's wish to speak another protocol on a stream (RFC 8441). */
  #offer(stream: ServerHttp2Stream, token: string, answer: StreamAnswer): UpgradeOffer {
    return {
      token,
      socket: new StreamSocket(stream),
      firstBytes: nothing,
      idleLimit: this.#host.front.rules.timeouts.idleStream,
      joined: (tunnel) => {
        answer.join(tunnel)
        this.#host.onJoined(tunnel, () => answer.exchange?.end())
      },
    }
  }

  #refuse(stream: ServerHttp2Stream, answer: StreamAnswer, failure: Failure, grpc: boolean): void {
    const { status, headers, body } = refusalAnswer(failure, this.#host.front.rules, grpc)
    answer.answer(status, headers, body)
    if (!stream.endAfterHeaders) stream.resume()
  }

  #onStreamClose(): void {
    this.#streams--
    if (this.#streams > 0) return
    if (this.#state === 'open') this.#wait(this.#host.front.rules.timeouts.idleBetweenRequests)
    else this.#wait(farewellTime)
  }

  /** Frames that ask for an answer and do nothing else: a client that sends them without end means no good. */
  #onControlFrame(): void {
    if (this.#state === 'open' && this.#streams === 0) {
      this.#wait(this.#host.front.rules.timeouts.idleBetweenRequests)
    }
    if (this.#controlFrames < 1) this.#earnControlFrames()
    if (this.#controlFrames < 1) this.#session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM)
    else this.#controlFrames--
  }

  #earnControlFrames(): void {
    const { now } = this.#host.wheel
    const { bytesWritten } = this.#socket
    const seconds = (now - this.#earnedAt) / 1_000
    const earned = seconds * controlFrames.perSecond + (bytesWritten - this.#bytesAt) * controlFrames.perByte
    this.#earnedAt = now
    this.#bytesAt = bytesWritten
    this.#controlFrames += Math.min(earned, controlFrames.burst)
  }

  #onClose(): void {
    this.#state = 'closed'
    this.#stopWaiting()
  }

  #wait(limit: number): void {
    if (limit > 0) this.#host.wheel.arm(this.#timer, limit)
    else this.#stopWaiting()
  }

  #stopWaiting(): void {
    this.#host.wheel.disarm(this.#timer)
  }
}

function sessionOptions(rules: ListenerRules): ServerSessionOptions {
  const { maxFields, maxStreams, codecLimits } = rules
  const fields = maxFields + spareFields
  return {
    maxHeaderListPairs: fields,
    maxSendHeaderBlockLength: longestHead,
    strictSingleValueFields: false, // what an upstream says twice is not ours to judge
    streamResetBurst: maxStreams + resets.burst,
    streamResetRate: resets.rate,
    settings: {
      maxConcurrentStreams: maxStreams,
      maxHeaderListSize: codecLimits.head + fields * costOfField,
      enablePush: false,
      enableConnectProtocol: true,
    },
  }
}
