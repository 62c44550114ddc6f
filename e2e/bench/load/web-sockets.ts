/**
 * A load of WebSocket messages: on every connection one message is under way, and its echo brings the next one. Prints
 * one line of JSON. Sockets and ready-made frames instead of a library: a generator that is slower than a proxy would
 * measure itself.
 *
 *     node web-sockets.ts '{"port": 8000, "connections": 64, "seconds": 4}'
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'

/** Payload of every message; below 126 bytes, so that its length fits into one byte of the frame. */
const payload = Buffer.from('a message of sixty-four bytes, which goes out and comes back ...')

interface Request {
  readonly port: number
  readonly connections: number
  readonly seconds: number
}

/** A binary frame with a mask, as clients have to send it (RFC 6455, Base Framing Protocol). */
function maskedFrame(): Buffer {
  const mask = randomBytes(4)
  const masked = payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0))
  return Buffer.concat([Buffer.from([0x82, 0x80 | payload.length]), mask, masked])
}

const echo = Buffer.concat([Buffer.from([0x82, payload.length]), payload])

async function connected(port: number): Promise<Socket> {
  const socket = createConnection({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  socket.write(
    `GET /echo HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
  )
  let head = ''
  while (!head.includes('\r\n\r\n')) {
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    head += chunk.toString('latin1')
  }
  if (!head.startsWith('HTTP/1.1 101 ') || !head.endsWith('\r\n\r\n')) throw new Error(`no upgrade:\n${head}`)
  return socket
}

/** Sends and counts until `stopped`; every byte that comes back is compared with what must come. */
function bounce(socket: Socket, counts: { messages: number; errors: number }, stopped: () => boolean): void {
  const frame = maskedFrame()
  let arrived = 0
  socket.on('data', (chunk: Buffer) => {
    if (stopped()) return
    const wanted = echo.subarray(arrived, arrived + chunk.length)
    if (!wanted.equals(chunk)) {
      counts.errors++
      socket.destroy()
      return
    }
    arrived += chunk.length
    if (arrived < echo.length) return
    arrived = 0
    counts.messages++
    socket.write(frame)
  })
  socket.on('error', () => socket.destroy()) // counted when it closes
  socket.on('close', () => {
    if (!stopped()) counts.errors++
  })
  socket.write(frame)
}

const { port, connections, seconds } = JSON.parse(process.argv[2] ?? '') as Request
const sockets = await Promise.all(Array.from({ length: connections }, () => connected(port)))
const counts = { messages: 0, errors: 0 }
let over = false
const began = performance.now()
for (const socket of sockets) bounce(socket, counts, () => over)
setTimeout(() => {
  over = true
  const took = (performance.now() - began) / 1000
  console.log(JSON.stringify({ msg: 'done', rate: counts.messages / took, errors: counts.errors }))
  for (const socket of sockets) socket.destroy()
}, seconds * 1000)
