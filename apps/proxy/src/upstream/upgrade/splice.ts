import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { ClientConnection, type OutgoingRequest as CodecRequest, outgoingBytes, type ResponseHead } from '@vrata/http1'
import { answerLimits } from '../http1/answer-limits.ts'
import { refusedFailure } from '../http1/refused-failure.ts'
import type { SwitchRequest } from './handshake.ts'
import { JoinedSockets } from './joined-sockets.ts'

const empty = Buffer.alloc(0)

/** Sends a request for any protocol but WebSocket, and joins the connections byte by byte when the endpoint agrees. */
export function sendSpliced(exchange: SwitchRequest, upstream: Socket): void {
  new Splice(exchange, upstream)
}

/** The exchange of heads before two connections are joined; or, when they are not, of an ordinary answer. */
class Splice {
  readonly #exchange: SwitchRequest
  readonly #upstream: Socket
  readonly #codec = new ClientConnection(answerLimits)
  #switch: ResponseHead | undefined = undefined
  #paused = false

  constructor(exchange: SwitchRequest, upstream: Socket) {
    const { request, offer } = exchange
    this.#exchange = exchange
    this.#upstream = upstream
    upstream.on('data', this.#onData)
    upstream.on('end', this.#onEnd)
    exchange.onResume = () => this.#resume()
    const { method, target, host, fields } = request
    const message: CodecRequest = { method, target, host, fields, length: 'none', upgrade: offer.token }
    upstream.write(outgoingBytes(this.#codec.start(message, empty, true)))
    exchange.sent()
  }

  readonly #onData = (bytes: Buffer): void => {
    this.#codec.receive(bytes)
    this.#pump()
  }

  readonly #onEnd = (): void => {
    this.#codec.receiveEnd()
    this.#pump()
  }

  #resume(): void {
    this.#paused = false
    this.#pump()
    if (!this.#paused) this.#upstream.resume()
  }

  #pump(): void {
    while (!this.#paused) {
      const event = this.#codec.next()
      switch (event.kind) {
        case 'informational':
          this.#exchange.informed(event.status, event.fields)
          break
        case 'response':
          if (event.status === 101) this.#switch = event
          else this.#exchange.answered(event)
          break
        case 'raw':
          this.#join(event.bytes)
          return
        case 'data':
          this.#paused = !this.#exchange.data(event.bytes)
          if (this.#paused) this.#upstream.pause()
          break
        case 'end':
          this.#exchange.ended(event.trailers)
          return
        case 'refused':
          this.#exchange.failed(refusedFailure(event))
          return
        default:
          return
      }
    }
  }

  #join(firstBytes: Buffer): void {
    const fields = this.#switch === undefined ? undefined : this.#exchange.switching(this.#switch.fields)
    if (fields === undefined) return
    const { offer } = this.#exchange
    const upstream = this.#upstream
    upstream.off('data', this.#onData)
    upstream.off('end', this.#onEnd)
    upstream.pause()
    this.#exchange.switched(new JoinedSockets(offer.socket, upstream, false, offer.idleLimit))
    offer.socket.write(switchText(fields), 'latin1')
    join(offer.socket, offer.firstBytes, upstream, firstBytes)
  }
}

/** The ends of both directions are passed on one by one, so each side may go on sending after the other has finished. */
function join(client: Duplex, fromClient: Buffer, upstream: Duplex, fromUpstream: Buffer): void {
  if (fromClient.length > 0) client.unshift(fromClient)
  if (fromUpstream.length > 0) upstream.unshift(fromUpstream)
  client.pipe(upstream)
  upstream.pipe(client)
}

function switchText(fields: readonly string[]): string {
  let text = `HTTP/1.1 101 ${STATUS_CODES[101]}\r\n`
  for (let at = 0; at < fields.length; at += 2) text += `${fields[at]}: ${fields[at + 1]}\r\n`
  return `${text}\r\n`
}
