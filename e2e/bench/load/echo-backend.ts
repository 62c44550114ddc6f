/**
 * The backend of the WebSocket load: sends each message back. It understands the small frames of that load alone,
 * whole or in pieces, and closes on anything else.
 *
 *     node echo-backend.ts '{"port": 9000}'
 */
import { createHash } from 'node:crypto'
import { createServer, type Socket } from 'node:net'

/** Joined to the client's key to prove that the server speaks WebSocket (RFC 6455, Opening Handshake). */
const handshakeSuffix = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** Bytes before the payload of a masked frame with a short payload. */
const headerBytes = 6

function upgrade(socket: Socket, head: string): boolean {
  const key = /^sec-websocket-key: *(\S+)\r$/im.exec(head)?.[1]
  if (key === undefined) return false
  const proof = createHash('sha1').update(`${key}${handshakeSuffix}`).digest('base64')
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Accept: ${proof}\r\n\r\n`,
  )
  return true
}

/** Takes whole frames from the front of `bytes`, answers them, and gives what is left; undefined for a strange frame. */
function echoFrames(socket: Socket, bytes: Buffer): Buffer | undefined {
  let rest = bytes
  while (rest.length >= headerBytes) {
    const [opcode, length = 0] = rest
    const size = length & 0x7f
    if (opcode !== 0x82 || (length & 0x80) === 0 || size > 125) return undefined
    if (rest.length < headerBytes + size) return rest
    const answer = Buffer.allocUnsafe(2 + size)
    answer[0] = 0x82
    answer[1] = size
    for (let n = 0; n < size; n++) answer[2 + n] = (rest[headerBytes + n] ?? 0) ^ (rest[2 + (n % 4)] ?? 0)
    socket.write(answer)
    rest = rest.subarray(headerBytes + size)
  }
  return rest
}

const { port } = JSON.parse(process.argv[2] ?? '') as { readonly port: number }
const server = createServer({ noDelay: true }, (socket) => {
  let upgraded = false
  let kept: Buffer = Buffer.alloc(0)
  socket.on('error', () => socket.destroy()) // the peer may go at any time
  socket.on('data', (chunk: Buffer) => {
    kept = kept.length === 0 ? chunk : Buffer.concat([kept, chunk])
    if (!upgraded) {
      const end = kept.indexOf('\r\n\r\n')
      if (end < 0) return
      upgraded = upgrade(socket, kept.toString('latin1', 0, end + 2))
      kept = kept.subarray(end + 4)
    }
    const rest = upgraded ? echoFrames(socket, kept) : undefined
    if (rest === undefined) socket.destroy()
    else kept = rest
  })
})
server.listen(port, '127.0.0.1')
