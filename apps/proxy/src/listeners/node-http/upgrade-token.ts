import type { IncomingMessage } from 'node:http'
import { listHas } from '../../headers/connection-options.ts'

/** The protocol a request asks to change to, lower case; `''` when it asks for none or for several at once. */
export function upgradeToken(request: IncomingMessage): string {
  const token = (request.headers.upgrade ?? '').trim().toLowerCase()
  return token.includes(',') ? '' : token
}

const ignored = Symbol('ignored upgrade')

/**
 * Whether a request came with a wish to change the protocol that {@link offersUpgrade} does not follow. The engine loses
 * what follows such a request in the same packet, so its connection must close.
 */
export function upgradeIgnored(request: IncomingMessage): boolean {
  return ignored in request
}

/**
 * Whether a request is treated as one to change the protocol. HTTP/2 in clear text is spoken by prior knowledge only,
 * so `h2c` is ignored (RFC 9113, 3.1), as is a wish that comes with a body, whose bytes could not be told from those
 * of the new protocol.
 */
export function offersUpgrade(request: IncomingMessage): boolean {
  const offered = acceptable(request)
  if (!offered) Object.assign(request, { [ignored]: true })
  return offered
}

function acceptable(request: IncomingMessage): boolean {
  const token = upgradeToken(request)
  if (token === '' || token === 'h2c' || request.httpVersionMinor === 0) return false
  const { headers } = request
  if (headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0') return false
  return listHas(headers.connection ?? '', 'upgrade')
}
