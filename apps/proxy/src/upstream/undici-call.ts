import type { Dispatcher } from 'undici'
import { toFailure } from '../failure/to-failure.ts'
import type { PooledConnection } from './pooled-connection.ts'
import type { OutgoingRequest, UpstreamCall, UpstreamHandler } from './transport.ts'

/** What a pool wants to know of a call. */
export interface CallOwner {
  /** Sends the call again on another connection: nothing of an answer had come on one that was used before. */
  replay(call: UndiciCall): void
  /** It was taken back while it waited. */
  onWithdrawn(call: UndiciCall): void
}

/** Methods that may be sent twice without harm (RFC 9110, 9.2.2). */
const idempotent: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])

/** How often a request is moved to another connection because the server had just closed an idle one. */
const maxReplays = 2

/**
 * One request on its way through the HTTP client: translates its events, guards against those that come too late, and
 * notices answers that only look complete.
 */
export class UndiciCall implements UpstreamCall, Dispatcher.DispatchHandler {
  readonly request: OutgoingRequest
  readonly #handler: UpstreamHandler
  readonly #owner: CallOwner
  /** Gives up waiting for a connection; undefined when nothing waits. */
  queueTimer: NodeJS.Timeout | undefined = undefined
  connection: PooledConnection | undefined = undefined
  #controller: Dispatcher.DispatchController | undefined = undefined
  #fresh = false
  #answered = false
  #over = false
  #replays = 0

  constructor(request: OutgoingRequest, handler: UpstreamHandler, owner: CallOwner) {
    this.request = request
    this.#handler = handler
    this.#owner = owner
  }

  get over(): boolean {
    return this.#over
  }

  resume(): void {
    if (!this.#over) this.#controller?.resume()
  }

  abort(): void {
    if (this.#over) return
    this.#over = true
    clearTimeout(this.queueTimer)
    // One that still waits inside of the client is stopped as soon as it gets a connection.
    if (this.#controller === undefined) this.#owner.onWithdrawn(this)
    else this.#controller.abort(new Error('the request was taken back'))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    clearTimeout(this.queueTimer)
    if (this.#over) {
      controller.abort(new Error('the request was taken back'))
      return
    }
    this.#controller = controller
    this.#fresh = this.connection?.begin() ?? true
    this.#handler.onStart()
  }

  onBodySent(): void {
    if (!this.#over) this.#handler.onUploaded()
  }

  onRequestSent(): void {
    if (!this.#over) this.#handler.onSent()
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    if (this.#over) return
    this.#answered = true
    const headers = textOf(controller.rawHeaders)
    if (status < 200) this.#handler.onInform(status, headers)
    else this.#handler.onHead(status, headers)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#over && !this.#handler.onData(chunk)) controller.pause()
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    if (this.#over) return
    const broken = this.connection?.socketError
    if (broken !== undefined) {
      this.#fail(broken)
      return
    }
    this.#over = true
    this.#handler.onEnd(textOf(controller.rawTrailers))
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#over) return
    if (this.#mayReplay()) {
      this.#replays++
      this.#controller = undefined
      this.#owner.replay(this)
      return
    }
    this.#fail(error)
  }

  /** Ends the call before it got a connection. */
  refuse(error: Error): void {
    if (!this.#over) this.#fail(error)
  }

  #fail(error: Error): void {
    this.#over = true
    clearTimeout(this.queueTimer)
    this.#handler.onFailure(toFailure(error, 'exchange'))
  }

  #mayReplay(): boolean {
    return (
      this.#controller !== undefined &&
      !this.#fresh &&
      !this.#answered &&
      this.request.body === undefined &&
      this.#replays < maxReplays &&
      idempotent.has(this.request.method)
    )
  }
}

const none: readonly string[] = []

/** Raw header lines as text, one character for each byte. */
function textOf(raw: Dispatcher.DispatchController['rawHeaders']): readonly string[] {
  if (!Array.isArray(raw)) return none
  const lines: string[] = []
  for (const piece of raw) lines.push(typeof piece === 'string' ? piece : piece.toString('latin1'))
  return lines
}
