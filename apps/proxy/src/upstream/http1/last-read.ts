import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { codeOf } from '../../failure/to-failure.ts'

/**
 * Lets a connection whose writing fails be read once more before it is destroyed. An endpoint that refuses a body answers
 * and closes, and what is still sent to it is answered by a reset: the answer has arrived by then, but the platform would
 * throw it away unread. Under TLS it cannot be had: the platform stops decrypting.
 */
export function readBeforeGivingUp(socket: Socket): void {
  if (socket instanceof TLSSocket) return
  const destroy = socket.destroy.bind(socket)
  let failed = false
  socket.destroy = (error) => {
    if (failed || !isFailedWrite(error)) return destroy(error)
    failed = true
    // Between the two the event loop reads whatever has come; after a reset nothing else can.
    setImmediate(() => setImmediate(() => destroy(error)))
    return socket
  }
}

function isFailedWrite(error: Error | undefined): boolean {
  if (error === undefined || !('syscall' in error) || error.syscall !== 'write') return false
  const code = codeOf(error)
  return code === 'ECONNRESET' || code === 'EPIPE'
}
