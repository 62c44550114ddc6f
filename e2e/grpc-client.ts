import { once } from 'node:events'
import {
  type ClientHttp2Session,
  connect,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2'
import { PassThrough } from 'node:stream'
import { own, type Scope } from '@vrata/testkit'
import { allOf, grpcFrame, grpcMessages } from './grpc-frames.ts'

/** How a call ended. */
export interface GrpcEnd {
  /** HTTP status of the answer. */
  readonly http: number
  readonly code: string | undefined
  readonly message: string | undefined
  /** The status came in a head that ended the stream, and there was nothing else. gRPC over HTTP/2, "Trailers-Only" */
  readonly trailersOnly: boolean
  readonly headers: IncomingHttpHeaders
  readonly trailers: IncomingHttpHeaders
}

/** A call as its client has it. */
export interface GrpcCall {
  send(text: string): void
  /** Nothing more is sent. */
  finish(): void
  /** The next message; undefined = there are no more. */
  next(): Promise<string | undefined>
  /** All messages that are not read yet, in their order. */
  rest(): Promise<string[]>
  /** The client thinks no more of it. */
  cancel(): void
  /** Resolves when the stream is closed; rejects when it was reset. */
  readonly ended: Promise<GrpcEnd>
}

/** A connection of a gRPC client. */
export interface GrpcClient {
  /** What was agreed on in the handshake; undefined on clear text. */
  readonly protocol: string | undefined
  /** @param method for example `/demo.Words/Echo` */
  call(method: string, metadata?: OutgoingHttpHeaders): GrpcCall
}

/** Connects: `http:` by prior knowledge, `https:` by ALPN, with `ca` as what is believed. */
export async function grpcClient(scope: Scope, url: string, ca?: string): Promise<GrpcClient> {
  const session: ClientHttp2Session = connect(url, ca === undefined ? {} : { ca, servername: 'localhost' })
  own(scope, () => session.destroy())
  session.on('error', () => undefined) // every call of it fails too
  await once(session, 'connect')
  return {
    protocol: url.startsWith('https:') ? session.alpnProtocol : undefined,
    call: (method, metadata = {}) => grpcCall(session, method, metadata),
  }
}

function grpcCall(session: ClientHttp2Session, method: string, metadata: OutgoingHttpHeaders): GrpcCall {
  const stream = session.request({
    ':method': 'POST',
    ':path': method,
    te: 'trailers',
    'content-type': 'application/grpc',
    'user-agent': 'grpc-test/1.0',
    ...metadata,
  })
  // What has come is read also when the stream was closed at once after it, as servers do that want no more of a request.
  const received = new PassThrough()
  received.on('error', () => undefined) // whoever reads hears it
  const messages = grpcMessages(received)
  stream.on('data', (chunk: Buffer) => received.write(chunk))
  let headers: IncomingHttpHeaders = {}
  let trailers: IncomingHttpHeaders = {}
  let headAlone = false
  stream.on('response', (received, flags) => {
    headers = received
    headAlone = (flags & 1) === 1
  })
  stream.on('trailers', (received) => {
    trailers = received
  })
  const ended = Promise.withResolvers<GrpcEnd>()
  stream.on('error', () => undefined) // 'close' follows
  stream.on('close', () => {
    if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) {
      const reset = new Error(`the stream was reset with code ${stream.rstCode}`)
      received.destroy(reset)
      ended.reject(reset)
      return
    }
    received.end()
    const status = headAlone ? headers : trailers
    ended.resolve({
      http: Number(headers[':status']),
      code: textOf(status['grpc-status']),
      message: textOf(status['grpc-message']),
      trailersOnly: headAlone,
      headers,
      trailers,
    })
  })
  ended.promise.catch(() => undefined) // a call that nobody waits for may fail
  return {
    send: (text) => void stream.write(grpcFrame(text)),
    finish: () => void stream.end(),
    next: async () => (await messages.next()).value ?? undefined,
    rest: () => allOf(messages),
    cancel: () => stream.close(constants.NGHTTP2_CANCEL),
    ended: ended.promise,
  }
}

function textOf(value: string | readonly string[] | undefined): string | undefined {
  return value === undefined ? undefined : String(value)
}
