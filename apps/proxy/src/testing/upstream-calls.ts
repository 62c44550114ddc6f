import { type BodyLength, FieldLines } from '@vrata/http1'
import { own, type Scope } from '@vrata/testkit'
import type { BodySink, BodySource } from '../body-source.ts'
import { backgroundClock } from '../clock.ts'
import type { Failure } from '../failure/failure.ts'
import { headerName } from '../headers/header-name.ts'
import type { ReceivedFields } from '../headers/received-fields.ts'
import { kept } from '../sockets/direct-socket.ts'
import { TimerWheel } from '../timer-wheel.ts'
import { EndpointPool, type PoolOptions } from '../upstream/pool/endpoint-pool.ts'
import type { AnswerHead, FieldSink, OutgoingRequest, UpstreamCall, UpstreamHandler } from '../upstream/transport.ts'

/** Options of a pool that matter to a test. */
export type PoolSettings = Partial<Omit<PoolOptions, 'dial' | 'timers'>> & {
  readonly dial?: Partial<PoolOptions['dial']>
}

/** A pool of connections to an endpoint on this machine. At the end of the scope it lets go of all. */
export function openPool(scope: Scope, port: number, { dial, ...settings }: PoolSettings = {}): EndpointPool {
  const pool = new EndpointPool({
    http2: false,
    idle: 0,
    mostIdle: 100,
    idleAbove: 10_000,
    lifetime: 0,
    expectContinue: 0,
    onMistake: (thrown) => {
      throw thrown
    },
    ...settings,
    timers: new TimerWheel(backgroundClock),
    dial: {
      host: '127.0.0.1',
      port,
      connectTimeout: 0,
      handshakeTimeout: 0,
      dualStackFallback: 0,
      tls: undefined,
      ...dial,
    },
  })
  own(scope, () => pool[Symbol.dispose]())
  return pool
}

/** What of a request matters to a test. */
export interface RequestInit {
  readonly method?: string
  readonly target?: string
  readonly host?: string
  readonly headers?: readonly (readonly [string, string])[]
  readonly body?: BodySource
  readonly length?: BodyLength
  readonly expectContinue?: boolean
  readonly acceptTrailers?: boolean
}

/** A request as it goes to an endpoint. */
export function outgoing(init: RequestInit = {}): OutgoingRequest {
  const { method = 'GET', target = '/', host = 'a.example', headers = [], body } = init
  const writeFields = (sink: FieldSink) => {
    for (const [name, value] of headers) sink.addReceived(headerName(name), value)
  }
  return {
    method,
    target,
    host,
    length: init.length ?? (body === undefined ? 'none' : (body.length ?? 'unknown')),
    body,
    expectContinue: init.expectContinue ?? false,
    acceptTrailers: init.acceptTrailers ?? false,
    get fields() {
      const lines = new FieldLines()
      writeFields(lines)
      return lines
    },
    writeFields,
  }
}

/** A body of a client that is there from the beginning: delivered at once, for as long as it is wanted. */
export class GivenBody implements BodySource {
  readonly length: number | undefined
  /** How often it was asked to go on, and to stop. */
  resumed = 0
  paused = 0
  readonly #chunks: Buffer[]
  readonly #trailers: readonly string[]
  #sink: BodySink | undefined = undefined
  #flowing = false
  #over = false

  /** @param length undefined = only the end tells */
  constructor(chunks: readonly (string | Buffer)[], length: number | undefined, trailers: readonly string[] = []) {
    this.#chunks = chunks.map((chunk) => Buffer.from(chunk))
    this.length = length
    this.#trailers = trailers
  }

  deliverTo(sink: BodySink): void {
    this.#sink = sink
  }

  resume(): void {
    this.resumed++
    if (this.#flowing) return
    this.#flowing = true
    this.#flow()
  }

  pause(): void {
    this.paused++
    this.#flowing = false
  }

  /** Adds a piece, as a client does that takes its time. */
  add(chunk: string | Buffer): void {
    this.#chunks.push(Buffer.from(chunk))
  }

  /** Ends it by a failure of the client's. */
  fail(failure: Failure): void {
    this.#sink?.onFailure(failure)
  }

  #flow(): void {
    while (this.#flowing) {
      const chunk = this.#chunks.shift()
      if (chunk === undefined) break
      this.#sink?.onChunk(chunk)
    }
    if (!this.#flowing || this.#over) return
    this.#over = true
    this.#sink?.onEnd(this.#trailers)
  }
}

/** A body of a client that takes its time: pieces go out when the test says so. */
export class LiveBody implements BodySource {
  readonly length: number | undefined
  #sink: BodySink | undefined = undefined
  #wanted = false

  constructor(length?: number) {
    this.length = length
  }

  /** Whether somebody wants more. */
  get wanted(): boolean {
    return this.#wanted
  }

  deliverTo(sink: BodySink): void {
    this.#sink = sink
  }
  resume(): void {
    this.#wanted = true
  }
  pause(): void {
    this.#wanted = false
  }
  send(chunk: string | Buffer): void {
    this.#sink?.onChunk(Buffer.from(chunk))
  }
  end(trailers: readonly string[] = []): void {
    this.#sink?.onEnd(trailers)
  }
  fail(failure: Failure): void {
    this.#sink?.onFailure(failure)
  }
}

/** Names and values, as they were received. */
export type Lines = readonly (readonly [string, string])[]

function linesOf(fields: ReceivedFields): Lines {
  return Array.from({ length: fields.length }, (_, at) => [fields.name(at).text, fields.value(at)] as const)
}

/** How a call ended. */
export interface Outcome {
  readonly status: number | undefined
  readonly headers: Lines
  readonly body: string
  /** Undefined without any. */
  readonly trailers: Lines | undefined
  readonly failure: Failure | undefined
}

/** Notes what becomes of a call. */
export class RecordingHandler implements UpstreamHandler {
  starts = 0
  sent = 0
  uploaded = 0
  readonly informed: (readonly [number, Lines])[] = []
  head: AnswerHead | undefined = undefined
  /** Whether it takes the pieces of the body. */
  takes = true
  readonly #chunks: Buffer[] = []
  readonly #done = Promise.withResolvers<Outcome>()
  readonly #headed = Promise.withResolvers<AnswerHead>()
  #over = false

  /** How the call ended. */
  get outcome(): Promise<Outcome> {
    return this.#done.promise
  }

  /** The head of the answer, once it is there. */
  get headed(): Promise<AnswerHead> {
    return this.#headed.promise
  }

  /** Bytes of the body that came so far. */
  get received(): number {
    return this.#chunks.reduce((sum, { length }) => sum + length, 0)
  }

  onStart(): void {
    this.starts++
  }
  onSent(): void {
    this.sent++
  }
  onUploaded(): void {
    this.uploaded++
  }
  onInform(status: number, fields: ReceivedFields): void {
    this.informed.push([status, linesOf(fields)])
  }
  onHead(head: AnswerHead): void {
    this.head = head
    this.#headed.resolve(head)
  }
  onData(chunk: Buffer): boolean {
    this.#chunks.push(kept(chunk))
    return this.takes
  }
  onEnd(trailers: ReceivedFields | undefined): void {
    this.#conclude(undefined, trailers)
  }
  onFailure(failure: Failure): void {
    this.#conclude(failure, undefined)
  }

  #conclude(failure: Failure | undefined, trailers: ReceivedFields | undefined): void {
    if (this.#over) throw new Error('a call ended twice')
    this.#over = true
    this.#done.resolve({
      status: this.head?.status,
      headers: this.head === undefined ? [] : linesOf(this.head.fields),
      body: Buffer.concat(this.#chunks).toString('latin1'),
      trailers: trailers === undefined ? undefined : linesOf(trailers),
      failure,
    })
  }
}

/** Sends a request and notes what becomes of it. */
export function call(
  pool: EndpointPool,
  init: RequestInit = {},
  queueLimit = 0,
): { readonly handler: RecordingHandler; readonly call: UpstreamCall; readonly outcome: Promise<Outcome> } {
  const handler = new RecordingHandler()
  const sent = pool.send(outgoing(init), handler, queueLimit)
  return { handler, call: sent, outcome: handler.outcome }
}
