import type { IncomingMessage, ServerResponse } from 'node:http'
import type { BodyLength } from '@vrata/http1'
import { breakConnection } from '../../break-connection.ts'
import type { Downstream, DownstreamEvents } from '../../downstream.ts'
import type { Exchange } from '../../exchange.ts'
import type { Failure } from '../../failure/failure.ts'
import type { HeaderLines } from '../../headers/header-lines.ts'
import type { NodeBody } from './node-body.ts'

/** A body of which no more than this is left is read to its end so that the connection can be used again, in bytes. */
const drainForReuse = 65_536

/** How much of a longer one is read before the connection closes, in bytes. */
const lingerBytes = 1_048_576

/** How long reading the rest may take, in milliseconds. */
const restTime = 2_000

const empty = Buffer.alloc(0)
const downstreamOf = Symbol('downstream')

type Response = ServerResponse & { [downstreamOf]?: NodeDownstream }

/** What an exchange asks of its connection's engine. */
export interface EngineState {
  /** Whether connections are to close after the answer that is under way. */
  readonly draining: boolean
  /** An answer is complete while connections drain. */
  onAnswered(): void
}

/** The client's side of an exchange on node:http. */
export class NodeDownstream implements Downstream {
  events: DownstreamEvents | undefined = undefined
  exchange: Exchange | undefined = undefined
  body: NodeBody | undefined = undefined
  readonly #request: IncomingMessage
  readonly #response: Response
  readonly #engine: EngineState
  /** Longest time without progress while the client does not read, in milliseconds; 0 = no limit. */
  readonly #stall: number
  #flushed = false
  #waiting = false
  #last = false
  #answered = false

  constructor(request: IncomingMessage, response: ServerResponse, engine: EngineState, stall: number) {
    this.#request = request
    this.#response = response
    this.#engine = engine
    this.#stall = stall
    this.#response[downstreamOf] = this
    response.on('close', onClose)
    response.on('drain', onDrain)
  }

  get headSent(): boolean {
    return this.#response.headersSent
  }

  get closed(): boolean {
    return this.#answered || this.#response.destroyed
  }

  get takesTrailers(): boolean {
    return this.#request.httpVersionMinor > 0
  }

  /** The connection closes after this answer. */
  closeAfter(): void {
    this.#last = true
  }

  get #closes(): boolean {
    return this.#last || this.#engine.draining
  }

  inform(status: number, headers: readonly string[]): void {
    if (this.#request.httpVersionMinor > 0 && !this.closed && !this.headSent) {
      this.#response.writeInformation(status, headers)
    }
  }

  head(status: number, lines: HeaderLines, length: BodyLength): void {
    if (this.closed) return
    const headers = lines.toFlat()
    if (typeof length === 'number') headers.push('content-length', String(length))
    if (this.#closes) headers.push('connection', 'close')
    this.#response.writeHead(status, headers)
    process.nextTick(flushHead, this)
  }

  /** Sends the head when no body came with it in the same turn, as an event stream may have none for long. */
  flush(): void {
    if (this.#flushed || this.closed) return
    this.#flushed = true
    this.#response.write(empty)
  }

  write(chunk: Buffer): boolean {
    if (this.closed) return true
    this.#flushed = true
    if (this.#response.write(chunk)) return true
    this.#watchStall()
    return false
  }

  end(trailers: readonly string[]): void {
    if (this.closed) return
    this.#answered = true
    this.#flushed = true
    if (trailers.length > 0 && this.takesTrailers) this.#response.addTrailers(pairs(trailers))
    this.#response.end()
    this.#watchLeftover()
    if (this.body !== undefined && this.body.outstanding !== 0) void this.#readRest(this.body, lingerBytes)
  }

  answer(status: number, headers: readonly string[], body: Buffer): void {
    if (this.closed) return
    this.#answered = true
    this.#flushed = true
    const rest = this.body
    const outstanding = rest === undefined ? 0 : (rest.outstanding ?? Infinity)
    const reuse = outstanding <= drainForReuse && rest?.abandoned !== true
    if (!reuse) this.#last = true
    this.#response.writeHead(status, this.#closes ? [...headers, 'connection', 'close'] : [...headers])
    if (rest === undefined || outstanding === 0 || rest.abandoned) {
      this.#response.end(body)
      this.#watchLeftover()
      return
    }
    // Complete for the client by its length; for node:http only when the rest is read, or it would close too early.
    if (this.#request.method === 'HEAD' || body.length === 0) this.#response.flushHeaders()
    else this.#response.write(body)
    void this.#readRest(rest, reuse ? drainForReuse : lingerBytes)
  }

  cut(): void {
    this.#answered = true
    // The body of an answer to HTTP/1.0 ends with the connection: only a reset tells that it is not whole.
    if (this.#request.httpVersionMinor === 0) breakConnection(this.#request.socket)
    else this.#request.socket.destroy()
  }

  /** The engine cannot read the rest of the request. Whoever works on the exchange answers, if there is time left. */
  failRequest(failure: Failure): void {
    const { socket } = this.#request
    this.#response.once('close', () => socket.destroySoon())
    this.body?.fail(failure)
  }

  /** Told by the socket of the client when its answer is out, or when it is gone. */
  onClose(): void {
    const complete = this.#response.writableFinished
    if (!complete && !this.#answered) this.events?.onClientGone()
    this.#answered = true
    this.events = undefined
    this.exchange?.end()
    if (this.#engine.draining) this.#engine.onAnswered()
  }

  onDrain(): void {
    if (!this.#waiting) return
    this.#waiting = false
    this.#request.socket.setTimeout(0)
    this.events?.onDrain()
  }

  /** A client that takes nothing for too long is cut off by the timeout of its socket, which sees partial progress. */
  #watchStall(): void {
    this.#waiting = true
    if (this.#stall > 0) this.#request.socket.setTimeout(this.#stall)
  }

  /** What is complete for us may still wait in the socket. */
  #watchLeftover(): void {
    if (this.#request.socket.writableLength > 0) this.#watchStall()
  }

  async #readRest(rest: NodeBody, bytes: number): Promise<void> {
    const complete = await rest.discardRest(bytes, restTime)
    if (!this.#response.writableEnded) this.#response.end()
    if (complete) return
    const { socket } = this.#request
    if (this.#response.writableFinished) socket.destroySoon()
    else this.#response.once('close', () => socket.destroySoon())
  }
}

function onClose(this: Response): void {
  this[downstreamOf]?.onClose()
}

function onDrain(this: Response): void {
  this[downstreamOf]?.onDrain()
}

function flushHead(downstream: NodeDownstream): void {
  downstream.flush()
}

function pairs(lines: readonly string[]): [string, string][] {
  const paired: [string, string][] = []
  for (let at = 0; at < lines.length; at += 2) paired.push([lines[at] ?? '', lines[at + 1] ?? ''])
  return paired
}
