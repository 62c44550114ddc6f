import { type Framing, isBodiless } from './framing.ts'
import { WriteError } from './reasons.ts'
import type { ConnectionLines, OutgoingResponse } from './serialise.ts'
import type { Minor } from './start-line.ts'

/**
 * How the body of a response is framed on the wire. RFC 9112, 6
 * @throws WriteError `body_not_allowed`
 */
export function framingToWrite({ status, length }: OutgoingResponse, method: string, minor: Minor): Framing {
  if (isBodiless(status, method)) {
    if (length !== 0 && length !== 'none' && (status < 200 || status === 204)) throw new WriteError('body_not_allowed')
    return 'none'
  }
  if (length !== 'unknown') return 'length'
  return minor === 1 ? 'chunked' : 'close'
}

const none: readonly string[] = Object.freeze([])
const close: readonly string[] = Object.freeze(['close'])
const stays: readonly string[] = Object.freeze(['keep-alive'])

/** The framing and connection lines of a response to a client of this minor version. */
export function connectionLines(
  { status, length, upgrade }: OutgoingResponse,
  method: string,
  minor: Minor,
  keepAlive: boolean,
): ConnectionLines {
  const tunnel = method === 'CONNECT' && status < 300
  const closes = !keepAlive && status !== 101 && !tunnel
  const option = closes ? close : keepAlive && minor === 0 ? stays : none
  const connection = upgrade === undefined ? option : [...option, 'upgrade']
  if (status < 200 || status === 204 || tunnel) return { contentLength: undefined, chunked: false, connection, upgrade }
  const bodiless = isBodiless(status, method)
  const contentLength = typeof length === 'number' ? length : length === 'none' && !bodiless ? 0 : undefined
  return { contentLength, chunked: length === 'unknown' && minor === 1, connection, upgrade }
}
