import type { Writable } from 'node:stream'
import { farewell } from './events.ts'

/** Small enough that a slow reader shows progress in time, large enough that a fast one is not held up. */
const sliceBytes = 256 * 1024

/** How a stream's writer is made. */
export interface WriterOptions {
  readonly out: Writable
  /** Milliseconds without progress after which a reader is cut. */
  readonly stallTimeout: number
  /** Called once, when the reader was cut for being too slow. */
  readonly onCut: () => void
}

/**
 * Writes events to one reader, whole and in order. A reader that does not keep up never makes anything grow: while one
 * event is under way, only the newest of those that follow is kept.
 */
export class StreamWriter {
  readonly #out: Writable
  readonly #stallTimeout: number
  readonly #onCut: () => void
  #rest: Buffer | undefined
  #next: { readonly event: Buffer; readonly begun: () => void } | undefined
  #stall: NodeJS.Timeout | undefined
  #ending = false

  constructor({ out, stallTimeout, onCut }: WriterOptions) {
    this.#out = out
    this.#stallTimeout = stallTimeout
    this.#onCut = onCut
    out.on('drain', () => this.#drained())
    out.once('close', () => this.#close())
  }

  /** Sends an event, or puts it in the place of the one that waits. `begun` is called when its first byte goes out. */
  offer(event: Buffer, begun: () => void): void {
    if (this.#ending) return
    this.#next = { event, begun }
    this.#pump()
  }

  /** Sends something that may be left out; left out while the reader is behind. */
  comment(text: Buffer): void {
    if (!this.#blocked() && !this.#ending) this.#write(text)
  }

  /** Ends the stream after the event that is under way. */
  end(): void {
    this.#ending = true
    this.#next = undefined
    this.#pump()
  }

  #blocked(): boolean {
    return this.#stall !== undefined || this.#out.destroyed
  }

  #pump(): void {
    while (!this.#blocked()) {
      if (this.#rest === undefined && this.#next) {
        const { event, begun } = this.#next
        this.#next = undefined
        this.#rest = event
        begun()
      }
      if (this.#rest === undefined) break
      const slice = this.#rest.subarray(0, sliceBytes)
      this.#rest = slice.byteLength < this.#rest.byteLength ? this.#rest.subarray(sliceBytes) : undefined
      this.#write(slice)
    }
    if (this.#ending && this.#rest === undefined && !this.#out.writableEnded) this.#out.end(farewell)
  }

  #write(bytes: Buffer): void {
    if (!this.#out.write(bytes)) this.#stall = setTimeout(() => this.#cut(), this.#stallTimeout).unref()
  }

  #drained(): void {
    clearTimeout(this.#stall)
    this.#stall = undefined
    this.#pump()
  }

  #cut(): void {
    this.#onCut()
    this.#out.destroy()
  }

  #close(): void {
    clearTimeout(this.#stall)
    this.#rest = undefined
    this.#next = undefined
  }
}
