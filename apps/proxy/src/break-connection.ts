import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

/**
 * Ends a connection so that the other side sees it broken. In clear text by a reset; where our half has ended already a
 * reset is no longer possible, nor needed to tell that something is missing. In TLS by ending without a word, which tells
 * as much (RFC 8446, 6.1).
 */
export function breakConnection(socket: Socket): void {
  if (socket.writableEnded || socket.destroyed || socket instanceof TLSSocket) socket.destroy()
  else socket.resetAndDestroy()
}
