import type { ServerHttp2Stream } from 'node:http2'
import { Socket } from 'node:net'
import { breakStream, refuseRest } from './broken-stream.ts'
import { lineObject } from './response-lines.ts'

const headEnd = '\r\n\r\n'

/** Of the answer that agrees: what means something on HTTP/1.1 only (RFC 8441, 5). */
const left = new Set(['connection', 'upgrade', 'sec-websocket-accept', 'content-length', 'transfer-encoding'])

/**
 * A stream of HTTP/2 in the shape of a connection on which another protocol begins, for those who join such connections
 * and know them from HTTP/1.1 alone. The head of a 101 that they write becomes the answer that the client waits for; until
 * then nothing of the stream is read, and ending the connection leaves the stream to whoever answers it otherwise.
 */
export class StreamSocket extends Socket {
  readonly #stream: ServerHttp2Stream
  #head = ''
  #switched = false

  constructor(stream: ServerHttp2Stream) {
    super({ allowHalfOpen: true })
    this.#stream = stream
    stream.on('close', () => this.destroy())
  }

  override _read(): void {
    if (this.#switched) this.#stream.resume()
  }

  override _write(chunk: Buffer | string, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk
    if (this.#switched) {
      this.#stayAwake()
      this.#stream.write(bytes, done)
      return
    }
    this.#head += bytes.toString('latin1')
    const end = this.#head.indexOf(headEnd)
    const rest = end === -1 ? '' : this.#head.slice(end + headEnd.length)
    if (end !== -1) this.#switch(this.#head.slice(0, end))
    if (rest === '') done()
    else this.#stream.write(Buffer.from(rest, 'latin1'), done)
  }

  override _writev(
    chunks: readonly { readonly chunk: Buffer | string; readonly encoding: BufferEncoding }[],
    done: (error?: Error | null) => void,
  ): void {
    const pieces = chunks.map(({ chunk, encoding }) =>
      typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk,
    )
    this._write(Buffer.concat(pieces), 'latin1', done)
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.#switched) this.#stream.end(done)
    else done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    // To close it would end it first, as if all had been said.
    if (this.#switched && error === null) refuseRest(this.#stream)
    else if (this.#switched && error !== null) breakStream(this.#stream, error)
    super._destroy(error, done)
  }

  #switch(head: string): void {
    this.#switched = true
    const lines: string[] = []
    for (const line of head.split('\r\n').slice(1)) {
      const colon = line.indexOf(':')
      const name = line.slice(0, colon).toLowerCase()
      if (!left.has(name)) lines.push(name, line.slice(colon + 1).trim())
    }
    const stream = this.#stream
    if (stream.destroyed || stream.closed) return
    stream.respond({ ...lineObject(lines), ':status': 200 })
    stream.on('data', (bytes: Buffer) => {
      this.#stayAwake()
      if (!this.push(bytes)) stream.pause()
    })
    stream.on('end', () => this.push(null))
  }

  /** What passes puts off the end for silence. */
  #stayAwake(): void {
    if (this.timeout !== undefined && this.timeout > 0) this.setTimeout(this.timeout)
  }
}
