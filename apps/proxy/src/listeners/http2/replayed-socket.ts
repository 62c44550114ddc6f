import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

/**
 * A socket whose first bytes were read already, as if they were still to come. A session of HTTP/2 reads the platform's
 * handle and would not see what is put back into the socket.
 */
export class ReplayedSocket extends Duplex {
  readonly #socket: Socket

  constructor(socket: Socket, firstBytes: Buffer) {
    super({ allowHalfOpen: true })
    this.#socket = socket
    this.push(firstBytes)
    socket.on('data', (bytes: Buffer) => {
      if (!this.push(bytes)) socket.pause()
    })
    socket.on('end', () => this.push(null))
    socket.on('close', () => this.destroy())
    socket.on('error', (error) => this.destroy(error))
  }

  override _read(): void {
    this.#socket.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done)
  }

  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: (error?: Error | null) => void): void {
    const last = chunks.length - 1
    this.#socket.cork()
    for (const [at, { chunk }] of chunks.entries()) {
      if (at === last) this.#socket.write(chunk, done)
      else this.#socket.write(chunk)
    }
    this.#socket.uncork()
  }

  override _final(done: () => void): void {
    this.#socket.end(done)
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy()
    done(error)
  }
}
