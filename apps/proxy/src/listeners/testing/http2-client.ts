import { once } from 'node:events'
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type OutgoingHttpHeaders } from 'node:http2'
import { own, type Scope } from '@vrata/testkit'

/** A whole answer, or how the stream was broken off. */
export interface StreamOutcome {
  readonly status: number | undefined
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
  readonly trailers: Readonly<Record<string, string | string[] | undefined>>
  /** Code of the reset; 0 = ended properly. */
  readonly code: number
  /** Statuses of interim answers. */
  readonly interim: readonly number[]
}

/** A session with a server on this machine, by prior knowledge or over TLS. */
export async function http2Session(scope: Scope, port: number, tls = false): Promise<ClientHttp2Session> {
  const session = connect(`${tls ? 'https' : 'http'}://127.0.0.1:${port}`, {
    rejectUnauthorized: false,
    settings: { maxHeaderListSize: 1_048_576 },
  })
  own(scope, () => session.destroy())
  session.on('error', () => undefined)
  await once(session, 'connect')
  return session
}

/** Waits until a stream is closed, by whatever. */
export function streamClosed(stream: ClientHttp2Stream): Promise<void> {
  stream.on('error', () => undefined) // the code of the reset tells
  return new Promise((resolve) => stream.on('close', resolve))
}

/** Sends a request with a whole body and gives what becomes of it. */
export async function request(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders = {},
  body?: string,
  trailers?: OutgoingHttpHeaders,
): Promise<StreamOutcome> {
  const stream = session.request(
    { ':path': '/', ...headers },
    { endStream: body === undefined, waitForTrailers: trailers !== undefined },
  )
  stream.on('wantTrailers', () => stream.sendTrailers(trailers ?? {}))
  if (body !== undefined) stream.end(body)
  const outcome = { status: undefined as number | undefined, headers: {}, trailers: {}, interim: [] as number[] }
  const chunks: Buffer[] = []
  stream.on('response', (received) => {
    outcome.status = received[':status']
    outcome.headers = received
  })
  stream.on('headers', (received) => {
    outcome.interim.push(received[':status'] ?? 0)
  })
  stream.on('trailers', (received) => {
    outcome.trailers = received
  })
  stream.on('data', (chunk: Buffer) => void chunks.push(chunk))
  await streamClosed(stream)
  return { ...outcome, body: Buffer.concat(chunks).toString(), code: stream.rstCode }
}
