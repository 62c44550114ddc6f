import type { IncomingMessage } from 'node:http'
import { request as httpRequest } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocket, WebSocketServer } from 'ws'
import type { Backend } from './backend.ts'
import { startBackend } from './backend.ts'
import { own, type Scope } from './scope.ts'

/**
 * A backend that accepts every upgrade: WebSockets send each message back, any other token gives a raw connection
 * that sends each byte back and closes its half when the other side has closed its own.
 */
export function startUpgradeBackend(scope: Scope, name = 'upgrades'): Promise<Backend> {
  const webSockets = new WebSocketServer({ noServer: true })
  return startBackend(scope, {
    name,
    onUpgrade(request, socket, head) {
      if (request.headers.upgrade?.toLowerCase() === 'websocket') {
        webSockets.handleUpgrade(request, socket, head, (peer) => {
          peer.on('message', (data, isBinary) => peer.send(data, { binary: isBinary }))
        })
      } else {
        echoRaw(request, socket, head)
      }
    },
  })
}

function echoRaw(request: IncomingMessage, socket: Duplex, head: Buffer): void {
  socket.on('error', () => socket.destroy()) // the peer may go at any time
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: ${request.headers.upgrade}\r\n\r\n`)
  if (head.length > 0) socket.write(head)
  socket.pipe(socket)
}

/** A WebSocket client that keeps what it hears. */
export interface WebSocketClient {
  /** Sends a text and resolves with the next message, as text. Rejects when the connection closes before. */
  ask(text: string): Promise<string>
  readonly open: boolean
  /** Close code, once it is closed. */
  readonly closeCode: number | undefined
  close(): void
}

/** Connects; rejects when the upgrade is refused. `url` begins with `ws://`. */
export async function openWebSocket(
  scope: Scope,
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<WebSocketClient> {
  const socket = new WebSocket(url, { headers, perMessageDeflate: false })
  let closeCode: number | undefined
  socket.on('close', (code) => {
    closeCode = code
  })
  await new Promise<void>((resolve, reject) => {
    socket.on('open', resolve)
    socket.on('error', reject) // stays: a later error is followed by 'close', which is what `ask` listens to
  })
  own(scope, () => socket.terminate())
  return {
    ask: (text) =>
      new Promise((resolve, reject) => {
        const onMessage = (data: Buffer): void => {
          socket.off('close', onClose)
          resolve(data.toString())
        }
        const onClose = (code: number): void => {
          socket.off('message', onMessage)
          reject(new Error(`WebSocket closed with ${code}`))
        }
        socket.once('message', onMessage)
        socket.once('close', onClose)
        socket.send(text, (error) => error && reject(error))
      }),
    get open() {
      return socket.readyState === WebSocket.OPEN
    },
    get closeCode() {
      return closeCode
    },
    close: () => socket.close(1000),
  }
}

/** Asks for an upgrade to `token` and gives the raw connection; rejects when the answer is not 101. */
export function openUpgrade(scope: Scope, url: string, token: string): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { headers: { connection: 'Upgrade', upgrade: token }, agent: false })
    request.on('error', reject)
    request.on('response', (response) => {
      response.resume()
      reject(new Error(`upgrade to ${token} answered ${response.statusCode}`))
    })
    request.on('upgrade', (response, socket, head) => {
      own(scope, () => socket.destroy())
      if (head.length > 0) socket.unshift(head)
      if (response.headers.upgrade === token) resolve(socket)
      else reject(new Error(`upgraded to ${response.headers.upgrade}, asked for ${token}`))
    })
    request.end()
  })
}
