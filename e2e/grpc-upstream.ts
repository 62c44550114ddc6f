import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { own, type Scope } from '@vrata/testkit'
import { grpcFrame, grpcMessages } from './grpc-frames.ts'

/** How a method ends its call. */
export interface GrpcStatus {
  readonly code: number
  /** As it stands on the wire, percent-encoded. */
  readonly message?: string
  /** Further trailers. */
  readonly metadata?: Readonly<Record<string, string>>
}

/** A call as a method has it. */
export interface ServedCall {
  readonly metadata: IncomingHttpHeaders
  readonly messages: AsyncIterable<string>
  send(text: string): void
  /** Aborted when the call is over for its client before the method has ended it. */
  readonly gone: AbortSignal
}

/** @returns undefined for `{ code: 0 }` */
export type GrpcMethod = (call: ServedCall) => Promise<GrpcStatus | undefined>

/** A gRPC server in clear text that is known to speak HTTP/2. */
export interface GrpcUpstream {
  readonly address: string
  /** Calls that were begun, by their metadata. */
  readonly calls: readonly IncomingHttpHeaders[]
  /** Closes all connections and takes no more. */
  stop(): Promise<void>
}

/** Starts it; gone when the scope ends. @param methods by path, for example `/demo.Words/Echo` */
export async function startGrpcUpstream(
  scope: Scope,
  methods: Readonly<Record<string, GrpcMethod>>,
): Promise<GrpcUpstream> {
  const server = createServer()
  const sessions = new Set<ServerHttp2Session>()
  const calls: IncomingHttpHeaders[] = []
  server.on('session', (session) => {
    sessions.add(session)
    session.on('error', () => undefined) // 'close' follows
    session.on('close', () => sessions.delete(session))
  })
  server.on('stream', (stream, metadata) => {
    calls.push(metadata)
    void serve(stream, metadata, methods[String(metadata[':path'])])
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const stop = async (): Promise<void> => {
    if (!server.listening) return
    server.close()
    for (const session of sessions) session.destroy()
    await once(server, 'close')
  }
  own(scope, stop)
  return { address: `127.0.0.1:${port}`, calls, stop }
}

const content = { ':status': 200, 'content-type': 'application/grpc' } as const

async function serve(
  stream: ServerHttp2Stream,
  metadata: IncomingHttpHeaders,
  method: GrpcMethod | undefined,
): Promise<void> {
  const gone = new AbortController()
  stream.on('error', () => undefined) // 'close' follows
  stream.on('close', () => gone.abort())
  if (method === undefined) {
    stream.respond({ ...content, 'grpc-status': '12' }, { endStream: true })
    return
  }
  let status: GrpcStatus = { code: 0 }
  stream.on('wantTrailers', () => stream.sendTrailers(trailersOf(status)))
  // The head goes with the first message, as with the libraries of gRPC.
  const begin = (): void => {
    if (!stream.headersSent && !stream.destroyed) stream.respond(content, { waitForTrailers: true })
  }
  const send = (text: string): void => {
    begin()
    stream.write(grpcFrame(text))
  }
  status = (await method({ metadata, messages: grpcMessages(stream), send, gone: gone.signal }).catch(failed)) ?? status
  begin()
  if (!stream.destroyed) stream.end()
}

function trailersOf({ code, message, metadata }: GrpcStatus): Record<string, string> {
  return { 'grpc-status': String(code), ...(message === undefined ? {} : { 'grpc-message': message }), ...metadata }
}

/** A method that throws, for example because its client has left, has the status that gRPC libraries give it: UNKNOWN. */
function failed(): GrpcStatus {
  return { code: 2 }
}
