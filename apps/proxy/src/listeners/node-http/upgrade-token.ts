import type { IncomingMessage } from 'node:http'
import { listHas } from '../../headers/connection-options.ts'

/** The protocol a request asks to change to, lower case; `''` when it asks for none or for several at once. */
export function upgradeToken(request: IncomingMessage): string {
  const token = (request.headers.upgrade ?? '').trim().toLowerCase()
  return token.includes(',') ? '' : token
}

/**
 * Whether a request is treated as one to change the protocol. HTTP/2 in clear text is spoken by prior knowledge only,
 * so `h2c` is ignored (RFC 9113, 3.1), as is a wish that comes with a body, whose bytes could not be told from those
 * of the new protocol.
 */
export function offersUpgrade(request: IncomingMessage): boolean {
  const token = upgradeToken(request)
  if (token === '' || token === 'h2c' || request.httpVersionMinor === 0) return false
  const { headers } = request
  if (headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0') return false
  return listHas(headers.connection ?? '', 'upgrade')
}
