import {
  ClientConnection,
  completeLimits,
  defaultLimits,
  FieldLines,
  type Limits,
  nameFlag,
  outgoingBytes,
  type RequestHead,
  ServerConnection,
} from '@vrata/http1'
import { cut, type Reading, transcribe } from './transcript.ts'

/** Limits so low that mutated messages reach them. */
export const lowLimits = completeLimits({
  startLine: 60,
  head: 250,
  fields: 8,
  chunkSizeDigits: 4,
  chunkExtensions: 12,
  trailers: 60,
  trailerFields: 3,
  informational: 2,
  buffered: 600,
})

/** Thrown when the codec broke a promise. */
export class BrokenPromise extends Error {
  override readonly name = 'BrokenPromise'
}

function expectSame(found: unknown, wanted: unknown, promise: string): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)]
  if (a !== b) throw new BrokenPromise(`${promise}\n  ${a}\n  ${b}`)
}

/** However bytes are cut, the same events come, and never more is held than promised. */
export function checkReading(bytes: Buffer, reading: Reading, offsets: readonly number[]): readonly string[] {
  const limits: Limits = reading.limits ?? defaultLimits
  const whole = transcribe([bytes], reading)
  const pieces = cut(bytes, offsets)
  const parts = transcribe(pieces, reading)
  expectSame(parts.lines, whole.lines, `events of bytes cut at ${offsets}`)
  expectSame(parts.epilogue, whole.epilogue, `answers to bytes cut at ${offsets}`)
  const largest = Math.max(0, ...pieces.map(({ length }) => length))
  const bound = limits.head + limits.trailers + 2 + largest
  if (parts.mostBuffered > bound) throw new BrokenPromise(`${parts.mostBuffered} bytes held, promised ${bound}`)
  if (whole.lines.filter((line) => line.startsWith('refused')).length > 1) throw new BrokenPromise('refused twice')
  return whole.lines
}

interface Whole {
  readonly head: RequestHead
  readonly body: Buffer
  readonly trailers: readonly (readonly [string, string])[]
}

/** The complete requests at the beginning of some bytes. */
function completeRequests(bytes: Buffer, limits: Limits | undefined): Whole[] {
  const connection = new ServerConnection(limits)
  const found: Whole[] = []
  let head: RequestHead | undefined
  let body: Buffer[] = []
  connection.receive(bytes)
  connection.receiveEnd()
  for (;;) {
    const event = connection.next()
    if (event.kind === 'request') head = event
    else if (event.kind === 'data') body.push(event.bytes)
    else if (event.kind === 'end') {
      if (head !== undefined) found.push({ head, body: Buffer.concat(body), trailers: [...(event.trailers ?? [])] })
      body = []
    } else if (event.kind === 'paused') connection.respond({ status: 200 })
    else return found
  }
}

function endToEnd({ head }: Whole): (readonly [string, string])[] {
  return [...head.fields].filter((_, index) => {
    return !head.fields.isHopByHop(index) && (head.fields.name(index).flags & nameFlag.reserved) === 0
  })
}

/** Writes a request anew, as a gateway forwards it. */
function forward({ head, body, trailers }: Whole): Buffer {
  const connection = new ClientConnection()
  const { host: name = 'a.example', port } = head.authority ?? {}
  const host = head.fields.get('host') ?? (port === undefined ? name : `${name}:${port}`)
  const length = head.framing === 'none' ? 'none' : head.framing === 'chunked' ? 'unknown' : body.length
  const fields = new FieldLines().copyForwarded(head.fields)
  const written = [connection.start({ method: head.method, target: head.target, host, fields, length }, body)]
  const lines = new FieldLines()
  for (const [name, value] of trailers) lines.add(name, value)
  written.push(connection.end(lines))
  return outgoingBytes(written.flat())
}

/** What was read and is written again is one message, and is read as the same. */
export function checkForwarding(bytes: Buffer, limits: Limits | undefined): void {
  for (const request of completeRequests(bytes, limits)) {
    const copies = completeRequests(forward(request), undefined)
    const [copy] = copies
    if (copy === undefined || copies.length !== 1) throw new BrokenPromise(`one request became ${copies.length}`)
    expectSame(
      [copy.head.method, copy.head.target],
      [request.head.method, request.head.target],
      'forwarded request line',
    )
    expectSame(endToEnd(copy), endToEnd(request), 'forwarded header')
    expectSame(copy.body.toString('latin1'), request.body.toString('latin1'), 'forwarded body')
    expectSame(copy.trailers, request.trailers, 'forwarded trailers')
  }
}
