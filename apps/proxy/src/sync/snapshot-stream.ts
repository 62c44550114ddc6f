import { EventSource, type FetchLikeResponse } from 'eventsource'
import type { ControlPlane } from './control-plane.ts'

/** Longest line that is taken, in characters. */
const longestLine = 268_435_456

/** A stream without a byte for this long is dead: three heartbeats of the server, in milliseconds. */
export const silenceLimit = 45_000

/** What a stream tells. */
export interface StreamEvents {
  onOpen(): void
  /** The text of a snapshot document. */
  onSnapshot(text: string): void
  /** The server says that we already have what it wants us to run. */
  onCurrent(text: string): void
  /** Nothing is active. */
  onNone(): void
}

/** Why a stream ended. */
export type StreamEnd =
  | { readonly kind: 'refused'; readonly status: number }
  | { readonly kind: 'lost'; readonly reason: string }
  | { readonly kind: 'stopped' }

/**
 * Opens the snapshot stream of the present control plane and tells what comes, until it ends for whatever reason or
 * `signal` is aborted. One call is one connection: whether and when there is another is the caller's to decide.
 *
 * @param have hash of what runs already, so that it is not sent again; empty = nothing
 * @param silence milliseconds without a byte after which the stream counts as lost
 */
export function followStream(
  controlPlane: ControlPlane,
  have: string,
  events: StreamEvents,
  signal: AbortSignal,
  silence = silenceLimit,
): Promise<StreamEnd> {
  return new Promise((resolve) => new Stream(controlPlane, have, events, silence, resolve).open(signal))
}

class Stream {
  readonly #controlPlane: ControlPlane
  readonly #have: string
  readonly #events: StreamEvents
  readonly #silence: number
  readonly #resolve: (end: StreamEnd) => void
  readonly #abort = new AbortController()
  #source: EventSource | undefined = undefined
  #alive: NodeJS.Timeout | undefined = undefined

  constructor(
    controlPlane: ControlPlane,
    have: string,
    events: StreamEvents,
    silence: number,
    resolve: (end: StreamEnd) => void,
  ) {
    this.#controlPlane = controlPlane
    this.#have = have
    this.#events = events
    this.#silence = silence
    this.#resolve = resolve
  }

  open(signal: AbortSignal): void {
    if (signal.aborted) {
      this.#resolve({ kind: 'stopped' })
      return
    }
    const query = this.#have === '' ? '' : `?have=${encodeURIComponent(this.#have)}`
    const source = new EventSource(`${this.#controlPlane.url}/api/v1/sync/snapshot${query}`, {
      maxBufferSize: longestLine,
      fetch: (url, init) => this.#fetch(url, init.headers),
    })
    this.#source = source
    const stop = () => this.#end({ kind: 'stopped' })
    signal.addEventListener('abort', stop, { once: true })
    this.#abort.signal.addEventListener('abort', () => signal.removeEventListener('abort', stop), { once: true })
    this.#watch()
    source.addEventListener('open', () => this.#events.onOpen())
    source.addEventListener('snapshot', ({ data }) => this.#events.onSnapshot(String(data)))
    source.addEventListener('current', ({ data }) => this.#events.onCurrent(String(data)))
    source.addEventListener('none', () => this.#events.onNone())
    // Whatever the library would do about it (give up for good, or come back after a fixed time), we decide ourselves.
    source.addEventListener('error', ({ code, message }) => {
      if (code !== undefined && code !== 200) this.#end({ kind: 'refused', status: code })
      else this.#end({ kind: 'lost', reason: message ?? 'the stream ended' })
    })
  }

  async #fetch(url: string | URL, headers: Readonly<Record<string, string>>): Promise<FetchLikeResponse> {
    const answer = await this.#controlPlane.get(url, headers, this.#abort.signal)
    const { body } = answer
    return {
      status: answer.status,
      url: answer.url,
      redirected: answer.redirected,
      headers: answer.headers,
      body: body === null ? null : { getReader: () => this.#listen(body.getReader()) },
    }
  }

  /** Every byte is a sign of life, also of comments, which the library swallows. */
  #listen(reader: ReadableStreamDefaultReader<Uint8Array>): ReadableStreamDefaultReader<Uint8Array> {
    const read = reader.read.bind(reader)
    reader.read = async () => {
      const result = await read()
      this.#watch()
      return result
    }
    return reader
  }

  #watch(): void {
    clearTimeout(this.#alive)
    if (this.#abort.signal.aborted) return
    this.#alive = setTimeout(() => this.#end({ kind: 'lost', reason: 'the stream was silent' }), this.#silence)
  }

  #end(end: StreamEnd): void {
    if (this.#abort.signal.aborted) return
    this.#abort.abort()
    clearTimeout(this.#alive)
    this.#source?.close()
    this.#resolve(end)
  }
}
