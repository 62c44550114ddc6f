import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { BodyLength } from '@vrata/http1'
import { breakConnection } from '../../break-connection.ts'
import type { Downstream, DownstreamEvents } from '../../downstream.ts'
import type { Exchange } from '../../exchange.ts'
import type { HeaderLines } from '../../headers/header-lines.ts'
import type { Tunnel } from '../../upgrade-offer.ts'

/**
 * The client's side of a request to change the protocol: the HTTP engine has let go of its connection, so an answer
 * that is no change of protocol is written by hand, and the connection closes after it.
 */
export class RawDownstream implements Downstream {
  events: DownstreamEvents | undefined = undefined
  exchange: Exchange | undefined = undefined
  readonly takesTrailers = false
  readonly #socket: Socket
  /** Longest time without progress while the client does not read, in milliseconds; 0 = no limit. */
  readonly #stall: number
  #headSent = false
  #ended = false
  #tunnel: Tunnel | undefined = undefined

  constructor(socket: Socket, stall: number) {
    this.#socket = socket
    this.#stall = stall
    socket.on('error', () => socket.destroy()) // 'close' follows and tells
    socket.on('close', () => this.#onClose())
    socket.on('drain', () => this.#onDrain())
    socket.on('timeout', () => this.#onTimeout())
    socket.read(0) // keeps reading into the buffer, so that a reset is noticed before somebody takes the bytes
  }

  get headSent(): boolean {
    return this.#headSent
  }

  get closed(): boolean {
    return this.#ended || this.#socket.destroyed
  }

  /** From now on the connection belongs to a tunnel. */
  join(tunnel: Tunnel): void {
    this.#headSent = true
    this.#tunnel = tunnel
  }

  inform(status: number, headers: readonly string[]): void {
    if (!this.closed && !this.#headSent) this.#socket.write(headText(status, headers), 'latin1')
  }

  head(status: number, lines: HeaderLines, length: BodyLength): void {
    this.#writeHead(status, [
      ...lines.toFlat(),
      ...(typeof length === 'number' ? ['content-length', String(length)] : []),
    ])
  }

  #writeHead(status: number, headers: readonly string[]): void {
    if (this.closed) return
    this.#headSent = true
    this.#socket.write(headText(status, [...headers, 'connection', 'close']), 'latin1')
  }

  write(chunk: Buffer): boolean {
    if (this.closed || this.#socket.write(chunk)) return true
    if (this.#stall > 0) this.#socket.setTimeout(this.#stall)
    return false
  }

  end(): void {
    if (this.closed) return
    this.#ended = true
    if (this.#stall > 0) this.#socket.setTimeout(this.#stall)
    this.#socket.end(() => this.#socket.destroySoon())
  }

  answer(status: number, headers: readonly string[], body: Buffer): void {
    this.#writeHead(status, headers)
    if (!this.closed) this.#socket.write(body)
    this.end()
  }

  cut(): void {
    this.#ended = true
    if (this.#tunnel !== undefined) this.#tunnel.close()
    else breakConnection(this.#socket) // without a length only a reset tells that the body is not whole
  }

  #onClose(): void {
    if (this.#tunnel !== undefined) return
    if (!this.#ended) this.events?.onClientGone()
    this.#ended = true
    this.events = undefined
    this.exchange?.end()
  }

  /** A tunnel watches over its own silence. */
  #onTimeout(): void {
    if (this.#tunnel === undefined) this.#socket.destroy()
  }

  #onDrain(): void {
    if (this.#tunnel !== undefined) return
    this.#socket.setTimeout(0)
    this.events?.onDrain()
  }
}

/** A response head as text, with its empty line. */
export function headText(status: number, headers: readonly string[]): string {
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n`
  for (let at = 0; at < headers.length; at += 2) text += `${headers[at]}: ${headers[at + 1]}\r\n`
  return `${text}\r\n`
}
