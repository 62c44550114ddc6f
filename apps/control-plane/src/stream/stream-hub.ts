import type { Writable } from 'node:stream'
import { currentEvent, greeting, keepalive, noneEvent, type Wanted } from './events.ts'
import { StreamWriter } from './stream-writer.ts'

/** How streams behave in time; tests shorten it. Milliseconds. */
export interface StreamTiming {
  readonly keepalive: number
  readonly stallTimeout: number
}

/** As the wire promises it. */
export const streamTiming: StreamTiming = { keepalive: 15_000, stallTimeout: 30_000 }

/** One client that wants to follow. */
export interface StreamClient {
  readonly out: Writable
  /** Hash of the document that it says to have. */
  readonly have?: string | undefined
  /** Number of the last event that it saw. */
  readonly lastEventId?: string | undefined
  /** Asked when the same document is offered again. */
  readonly inSync: () => boolean
  /** The client begins to receive what it should run, or is told that it has it. */
  readonly sent: (wanted: Wanted) => void
  /** The client was too slow and is cut. */
  readonly cut: () => void
}

/** Everybody who follows the active snapshot, and what they should run. Opens nothing itself; `end` lets all go. */
export class StreamHub {
  readonly #timing: StreamTiming
  readonly #streams = new Map<StreamWriter, StreamClient>()
  #wanted: Wanted | undefined
  #ended = false

  constructor(timing: StreamTiming = streamTiming) {
    this.#timing = timing
  }

  /** What new streams get. */
  get wanted(): Wanted | undefined {
    return this.#wanted
  }

  get size(): number {
    return this.#streams.size
  }

  /**
   * Sets what the streams should run and sends it: to all when it is new, else only to those not in sync. With nothing
   * wanted nothing is sent: proxies keep what they have.
   */
  publish(wanted: Wanted | undefined): void {
    const again = wanted?.seq === this.#wanted?.seq
    this.#wanted = wanted
    if (!wanted) return
    for (const [writer, client] of this.#streams) if (!again || !client.inSync()) offer(writer, client, wanted)
  }

  /** Adds a stream, whose headers are out; it leaves when it closes. In one go, so that no event falls between. */
  add(client: StreamClient): void {
    const writer = new StreamWriter({ out: client.out, stallTimeout: this.#timing.stallTimeout, onCut: client.cut })
    this.#streams.set(writer, client)
    const beat = setInterval(() => writer.comment(keepalive), this.#timing.keepalive).unref()
    client.out.once('close', () => {
      clearInterval(beat)
      this.#streams.delete(writer)
    })
    writer.comment(greeting)
    const wanted = this.#wanted
    if (!wanted) writer.offer(noneEvent, () => undefined)
    else if (client.have === wanted.hash || client.lastEventId === String(wanted.seq)) {
      writer.offer(currentEvent(wanted), () => client.sent(wanted))
    } else offer(writer, client, wanted)
    if (this.#ended) writer.end()
  }

  /** Ends all streams after the events under way, and every stream that still comes. */
  end(): void {
    this.#ended = true
    for (const writer of this.#streams.keys()) writer.end()
  }
}

function offer(writer: StreamWriter, client: StreamClient, wanted: Wanted): void {
  writer.offer(wanted.event, () => client.sent(wanted))
}
