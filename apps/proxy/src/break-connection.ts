import type { Socket } from 'node:net'

/**
 * Ends a connection so that the other side sees it broken, by a reset. Where our half has ended already a reset is no
 * longer possible, nor needed to tell that something is missing.
 */
export function breakConnection(socket: Socket): void {
  if (socket.writableEnded || socket.destroyed) socket.destroy()
  else socket.resetAndDestroy()
}
