import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'

/** A client that counts what comes back and notices the end; nothing that the proxy does to it is an error. */
export class RudeClient {
  readonly socket: Socket
  readonly closed: Promise<void>
  received = ''

  constructor(port: number, options: { readonly allowHalfOpen?: boolean } = {}) {
    this.socket = connect({ port, host: '127.0.0.1', ...options })
    this.socket.on('error', () => undefined) // 'close' follows
    this.socket.on('data', (bytes) => {
      this.received += bytes.toString('latin1')
    })
    this.closed = new Promise((resolve) => this.socket.on('close', () => resolve()))
  }

  /** Writes this again and again until the connection is closed. */
  drip(text: string, every: number): void {
    const timer = setInterval(() => this.socket.write(text), every)
    this.socket.on('close', () => clearInterval(timer))
  }

  /** Writes this again and again, as fast as it is taken, up to about `bytes` or until the connection is closed. */
  async flood(text: string, bytes: number): Promise<void> {
    for (let sent = 0; sent < bytes && !this.socket.destroyed; sent += text.length) {
      await Promise.race([written(this.socket, text), this.closed])
    }
  }
}

/** As many clients, each by its number. */
export function many(count: number, make: (n: number) => RudeClient): RudeClient[] {
  return Array.from({ length: count }, (_, n) => make(n))
}

/** The proxy's own answer, complete, with this status and `error`. */
export function assertRefused({ received }: RudeClient, status: number, error: string): void {
  assert.match(received, new RegExp(`^HTTP/1\\.1 ${status} `))
  const body = received.slice(received.indexOf('\r\n\r\n') + 4)
  assert.deepEqual([JSON.parse(body).status, JSON.parse(body).error], [status, error])
}

/** Resolves when the bytes have left for the kernel, or never will. */
export function written(socket: Socket, bytes: string): Promise<void> {
  return new Promise((resolve) => socket.write(bytes, () => resolve()))
}
