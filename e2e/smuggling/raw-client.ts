import { connect, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'

/** An answer as it came. */
export interface RawAnswer {
  readonly status: number
  /** Names in small letters; a name that comes twice has its last value. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

/** One connection on which anything can be written; reads answers that have a length. */
export class RawClient {
  readonly #socket: Socket
  #received = ''
  #ended = false
  #error: Error | undefined
  #wake: () => void = () => undefined

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1')
    this.#socket.setNoDelay(true)
    this.#socket.setEncoding('latin1')
    this.#socket.setTimeout(60_000, () => this.#socket.destroy(new Error('nothing came for 60 s')))
    this.#socket.on('data', (text) => {
      this.#received += String(text)
      this.#wake()
    })
    this.#socket.on('error', (error) => {
      this.#error = error
    })
    for (const event of ['end', 'close'] as const) {
      this.#socket.on(event, () => {
        this.#ended = true
        this.#wake()
      })
    }
  }

  /** Writes latin1 text, whole, or in pieces of `piece` bytes, each in a turn of its own. */
  async write(text: string, piece = text.length): Promise<void> {
    for (let at = 0; at < text.length && !this.#socket.destroyed; at += piece) {
      this.#socket.write(text.slice(at, at + piece), 'latin1')
      if (at + piece < text.length) await turn()
    }
  }

  /** The next answer to a request of this method; rejects when there is none. */
  async answer(method: string): Promise<RawAnswer> {
    const headEnd = await this.#until(() => this.#received.indexOf('\r\n\r\n'))
    const [statusLine = '', ...lines] = this.#received.slice(0, headEnd).split('\r\n')
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1] ?? Number.NaN)
    this.#received = this.#received.slice(headEnd + 4)
    if (status === 100) return this.answer(method)
    const headers = new Map(
      lines.map((line) => {
        const colon = line.indexOf(':')
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
      }),
    )
    const length = method === 'HEAD' ? 0 : Number(headers.get('content-length') ?? Number.NaN)
    if (Number.isNaN(status) || Number.isNaN(length))
      throw new Error(`not readable: ${statusLine} ${lines.join(' | ')}`)
    await this.#until(() => (this.#received.length >= length ? 0 : -1))
    const body = this.#received.slice(0, length)
    this.#received = this.#received.slice(length)
    return { status, headers, body }
  }

  /** Everything up to the end of the connection. */
  async rest(): Promise<string> {
    await this.#until(() => (this.#ended ? 0 : -1), false)
    if (this.#error !== undefined) throw this.#error
    return this.#received
  }

  /** Ends our half. */
  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  async #until(find: () => number, fails = true): Promise<number> {
    for (;;) {
      const found = find()
      if (found >= 0) return found
      if (this.#ended && fails) {
        throw new Error(`the connection ended with ${JSON.stringify(this.#received)}`, { cause: this.#error })
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}
