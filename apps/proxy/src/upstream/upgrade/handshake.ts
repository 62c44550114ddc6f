import { Agent, type ClientRequest, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { Failure } from '../../failure/failure.ts'
import { toFailure } from '../../failure/to-failure.ts'
import type { Tunnel, UpgradeOffer } from '../../upgrade-offer.ts'
import { dial } from '../dial.ts'
import type { EndpointConnection } from '../endpoint-connection.ts'
import type { OutgoingRequest, UpstreamCall, UpstreamHandler } from '../transport.ts'
import { sendSpliced } from './splice.ts'
import { sendWebSocket } from './websocket.ts'

/** Hears what becomes of a request to change the protocol. */
export interface UpgradeHandler extends UpstreamHandler {
  /** The endpoint agrees. @returns the fields of the 101 as they go to the client */
  onSwitching(received: readonly string[]): readonly string[]
  /** Both connections are joined; they live on their own from now on. */
  onSwitched(tunnel: Tunnel): void
}

/** What the ways of sending such a request have in common. */
export interface SwitchRequest {
  readonly request: OutgoingRequest
  readonly offer: UpgradeOffer
  /** Gives the connection that was dialled. */
  readonly agent: Agent
  /** Called as soon as the request exists and before its head leaves. */
  begun(request: ClientRequest): void
  /** The endpoint said 101; `undefined` = it may not: the failure is told, and nothing is to be joined. */
  switching(answer: IncomingMessage, upstream: Duplex): readonly string[] | undefined
  switched(tunnel: Tunnel): void
  /** The endpoint gave an ordinary answer. */
  answered(answer: IncomingMessage): void
  failed(error: Error): void
}

/** An agent for one request on one connection that is open already. */
class GivenConnection extends Agent {
  readonly #socket: Socket

  constructor(socket: Socket) {
    super({ keepAlive: false })
    this.#socket = socket
  }

  override createConnection(): Duplex {
    return this.#socket
  }
}

/** Sends a request to change the protocol on a connection of its own. */
export function openUpgrade(
  connection: EndpointConnection,
  request: OutgoingRequest,
  offer: UpgradeOffer,
  handler: UpgradeHandler,
): UpstreamCall {
  return new Handshake(connection, request, offer, handler)
}

class Handshake implements UpstreamCall, SwitchRequest {
  readonly request: OutgoingRequest
  readonly offer: UpgradeOffer
  readonly #handler: UpgradeHandler
  #upstream: Socket
  #given: Agent | undefined = undefined
  #answer: IncomingMessage | undefined = undefined
  #over = false

  constructor(connection: EndpointConnection, request: OutgoingRequest, offer: UpgradeOffer, handler: UpgradeHandler) {
    this.request = request
    this.offer = offer
    this.#handler = handler
    this.#upstream = dial(connection.dial, connection.sessions, (failure, socket) => {
      if (this.#over) return socket?.destroy()
      if (socket === undefined) return this.failed(failure ?? new Failure('connection_refused'))
      this.#send(socket)
    })
  }

  get agent(): Agent {
    this.#given ??= new GivenConnection(this.#upstream)
    return this.#given
  }

  #send(socket: Socket): void {
    this.#upstream = socket
    this.#handler.onStart()
    if (this.offer.token === 'websocket' && this.request.method === 'GET') sendWebSocket(this)
    else sendSpliced(this)
  }

  begun(request: ClientRequest): void {
    request.on('finish', () => {
      if (!this.#over) this.#handler.onSent()
    })
    request.on('information', (info: IncomingMessage & { statusCode: number }) => {
      if (!this.#over && info.statusCode !== 101) this.#handler.onInform(info.statusCode, info.rawHeaders)
    })
  }

  switching(answer: IncomingMessage, upstream: Duplex): readonly string[] | undefined {
    if (this.#over) return void upstream.destroy()
    const token = answer.headers.upgrade?.trim().toLowerCase()
    if (token === this.offer.token) return this.#handler.onSwitching(answer.rawHeaders)
    upstream.destroy()
    this.failed(new Failure('upstream_protocol_error', {}, new Error('it changed to another protocol')))
    return undefined
  }

  switched(tunnel: Tunnel): void {
    this.#over = true
    this.#handler.onSwitched(tunnel)
  }

  /** An answer that is no change of protocol goes to the client like any other. */
  answered(answer: IncomingMessage): void {
    if (this.#over) return void answer.destroy()
    this.#answer = answer
    this.#handler.onHead(answer.statusCode ?? 502, answer.rawHeaders)
    answer.on('data', (chunk: Buffer) => {
      if (!this.#over && !this.#handler.onData(chunk)) answer.pause()
    })
    answer.on('end', () => {
      if (this.#over) return
      this.#over = true
      this.#handler.onEnd(answer.rawTrailers)
    })
    answer.on('error', (error) => this.failed(error))
  }

  failed(error: Error): void {
    if (this.#over) return
    this.#over = true
    this.#upstream.destroy()
    this.#handler.onFailure(toFailure(error, 'exchange'))
  }

  resume(): void {
    this.#answer?.resume()
  }

  abort(): void {
    this.#over = true
    this.#upstream.destroy()
  }
}
