import { isFieldValue, nameFlag, WriteError } from '@vrata/http1'
import { type HeaderName, headerName } from '../../headers/header-name.ts'
import type { FieldSink, OutgoingRequest } from '../transport.ts'

/** Never part of a message of HTTP/2 (RFC 9113, 8.2.2). `content-length` is, and is added by itself. */
const connectionBound = nameFlag.reserved | nameFlag.hopByHop

/** Collects header lines as names in lower case and values in turn. */
class LowerCaseLines implements FieldSink {
  readonly lines: string[]

  constructor(lines: string[]) {
    this.lines = lines
  }

  addReceived(name: HeaderName, value: string): void {
    if ((name.flags & connectionBound) === 0) this.lines.push(name.lower, value)
  }

  add(name: string, value: string): void {
    if (!isFieldValue(value)) throw new WriteError('field_value_malformed', name)
    this.addReceived(headerName(name), value)
  }
}

/**
 * The head of a request for HTTP/2: pseudo fields, then the others, names and values in turn (RFC 9113, 8.3.1).
 * @throws WriteError for what must not be on a wire
 */
export function http2RequestFields(request: OutgoingRequest, scheme: 'http' | 'https'): readonly string[] {
  const { method, host, target, length } = request
  const lines = [':method', method, ':scheme', scheme, ':authority', host, ':path', target]
  request.writeFields(new LowerCaseLines(lines))
  if (typeof length === 'number') lines.push('content-length', String(length))
  if (request.acceptTrailers) lines.push('te', 'trailers')
  if (request.expectContinue) lines.push('expect', '100-continue')
  return lines
}
