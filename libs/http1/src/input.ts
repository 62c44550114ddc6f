const empty = Buffer.alloc(0)
/** Small buffers that wait behind each other are joined up to this size. */
const joinedUpTo = 512

/**
 * The bytes that arrived and are not read yet, kept as the buffers they came in. Readers look at `chunk` from `at` on
 * and move `at`; `next()` goes on to the following buffer.
 */
export class Input {
  chunk: Buffer = empty
  at = 0
  /** The peer will send no more. */
  ended = false
  /** More arrived than may wait; what came after that was not kept. */
  overflowed = false
  #waiting: Buffer[] = []
  #waitingBytes = 0

  /** Bytes held and not read. */
  get buffered(): number {
    return this.chunk.length - this.at + this.#waitingBytes
  }

  /** Adds what arrived, unless more than `bound` bytes would wait then behind others. */
  push(bytes: Buffer, bound: number): void {
    if (bytes.length === 0 || this.overflowed) return
    if (this.at === this.chunk.length && this.#waiting.length === 0) {
      this.chunk = bytes
      this.at = 0
      return
    }
    if (this.buffered + bytes.length > bound) {
      this.overflowed = true
      return
    }
    this.#waitingBytes += bytes.length
    const last = this.#waiting.at(-1)
    // Otherwise a peer that sends single bytes would cost a buffer object for each.
    if (last !== undefined && last.length + bytes.length <= joinedUpTo) {
      this.#waiting[this.#waiting.length - 1] = Buffer.concat([last, bytes])
    } else this.#waiting.push(bytes)
  }

  /** Whether a byte can be read at `at`; moves on to the next buffer when the current one is used up. */
  next(): boolean {
    if (this.at < this.chunk.length) return true
    const following = this.#waiting.shift()
    if (following === undefined) {
      this.chunk = empty // do not keep the last buffer alive on an idle connection
      this.at = 0
      return false
    }
    this.#waitingBytes -= following.length
    this.chunk = following
    this.at = 0
    return true
  }

  /** Up to `most` bytes of the current buffer, not copied. Only after `next()` was true. */
  take(most: number): Buffer {
    const { chunk, at } = this
    const end = chunk.length - at <= most ? chunk.length : at + most
    this.at = end
    return at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end)
  }

  /** Everything unread as one buffer, which is then no longer here. */
  takeAll(): Buffer {
    const all =
      this.#waiting.length === 0
        ? this.chunk.subarray(this.at)
        : Buffer.concat([this.chunk.subarray(this.at), ...this.#waiting])
    this.clear()
    return all
  }

  /** Copies the unread bytes, for an owner that is going to overwrite the buffers it passed in. */
  detach(): void {
    if (this.buffered > 0) this.chunk = Buffer.from(this.takeAll())
  }

  /** Drops everything unread. */
  clear(): void {
    this.chunk = empty
    this.at = 0
    this.#waiting = []
    this.#waitingBytes = 0
  }
}
