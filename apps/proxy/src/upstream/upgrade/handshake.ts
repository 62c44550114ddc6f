import type { Socket } from 'node:net'
import { Failure } from '../../failure/failure.ts'
import { toFailure } from '../../failure/to-failure.ts'
import type { ReceivedFields } from '../../headers/received-fields.ts'
import type { Tunnel, UpgradeOffer } from '../../upgrade-offer.ts'
import { dial, type Endpoint } from '../dial.ts'
import type { AnswerHead, OutgoingRequest, UpstreamCall, UpstreamHandler } from '../transport.ts'
import { sendSpliced } from './splice.ts'
import { sendWebSocket } from './websocket.ts'

/** Hears what becomes of a request to change the protocol. */
export interface UpgradeHandler extends UpstreamHandler {
  /** The endpoint agrees. @returns names and values, in turn, of the 101 as it goes to the client */
  onSwitching(received: ReceivedFields): readonly string[]
  /** Both connections are joined; they live on their own from now on. */
  onSwitched(tunnel: Tunnel): void
}

/** What the ways of sending such a request have in common: each tells here what comes of it. */
export interface SwitchRequest {
  readonly request: OutgoingRequest
  readonly offer: UpgradeOffer
  /** Takes the answer's body up again after `data` said no. */
  onResume: () => void
  /** The request has left. */
  sent(): void
  informed(status: number, fields: ReceivedFields): void
  /** The endpoint said 101. @returns the fields for the client; `undefined` = it may not, and nothing is to be joined */
  switching(fields: ReceivedFields): readonly string[] | undefined
  switched(tunnel: Tunnel): void
  /** The endpoint gave an ordinary answer. */
  answered(head: AnswerHead): void
  /** A piece of its body, as for `UpstreamHandler.onData`. False: no more until `onResume`. */
  data(chunk: Buffer): boolean
  ended(trailers: ReceivedFields | undefined): void
  failed(failure: Failure): void
}

/** Sends a request to change the protocol on a connection of its own. */
export function openUpgrade(
  endpoint: Endpoint,
  request: OutgoingRequest,
  offer: UpgradeOffer,
  handler: UpgradeHandler,
): UpstreamCall {
  return new Handshake(endpoint, request, offer, handler)
}

const nothing = () => undefined

class Handshake implements UpstreamCall, SwitchRequest {
  readonly request: OutgoingRequest
  readonly offer: UpgradeOffer
  onResume: () => void = nothing
  readonly #handler: UpgradeHandler
  readonly #socket: Socket
  #over = false

  constructor(endpoint: Endpoint, request: OutgoingRequest, offer: UpgradeOffer, handler: UpgradeHandler) {
    this.request = request
    this.offer = offer
    this.#handler = handler
    this.#socket = dial(endpoint, ['http/1.1'], (failure, socket) => {
      if (this.#over) return void socket?.destroy()
      if (socket === undefined) return this.failed(failure ?? new Failure('connection_refused'))
      this.#send(socket)
    })
  }

  #send(socket: Socket): void {
    socket.on('error', (error) => this.failed(toFailure(error, 'exchange')))
    this.#handler.onStart()
    try {
      if (this.offer.token === 'websocket' && this.request.method === 'GET') sendWebSocket(this, socket)
      else sendSpliced(this, socket)
    } catch (thrown) {
      // What would not be HTTP is not written; nothing has left.
      this.failed(new Failure('internal_error', {}, thrown))
    }
  }

  sent(): void {
    if (!this.#over) this.#handler.onSent()
  }

  informed(status: number, fields: ReceivedFields): void {
    if (!this.#over && status !== 100) this.#handler.onInform(status, fields)
  }

  switching(fields: ReceivedFields): readonly string[] | undefined {
    if (this.#over) return undefined
    const token = fields.get('upgrade')?.trim().toLowerCase()
    if (token === this.offer.token) return this.#handler.onSwitching(fields)
    const cause = new Error('it changed to another protocol')
    this.failed(new Failure('upstream_protocol_error', { rule: 'unexpected_switch' }, cause))
    return undefined
  }

  switched(tunnel: Tunnel): void {
    this.#over = true
    this.#handler.onSwitched(tunnel)
  }

  /** An answer that is no change of protocol goes to the client like any other. */
  answered(head: AnswerHead): void {
    if (!this.#over) this.#handler.onHead(head)
  }

  data(chunk: Buffer): boolean {
    return this.#over || this.#handler.onData(chunk)
  }

  ended(trailers: ReceivedFields | undefined): void {
    if (this.#over) return
    this.#over = true
    this.#socket.destroy()
    this.#handler.onEnd(trailers)
  }

  failed(failure: Failure): void {
    if (this.#over) return
    this.#over = true
    this.#socket.destroy()
    this.#handler.onFailure(failure)
  }

  resume(): void {
    this.onResume()
  }

  abort(): void {
    if (this.#over) return
    this.#over = true
    this.#socket.destroy()
  }
}
