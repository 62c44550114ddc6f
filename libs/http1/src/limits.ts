/** Bounds of what is accepted from a peer. All are exact: the stated value is still accepted, one more is refused. */
export interface Limits {
  /** Bytes of the request line or status line, without its CRLF. */
  readonly startLine: number
  /** Bytes of the whole head, from the first of the start line to the empty line inclusive. */
  readonly head: number
  /** Header lines of one head. */
  readonly fields: number
  /** Hexadecimal digits of one chunk size, leading zeros included; at most 13, so that a size stays an exact number. */
  readonly chunkSizeDigits: number
  /** Bytes of all chunk extensions of one body together, semicolons included. */
  readonly chunkExtensions: number
  /** Bytes of the trailer section, the empty line included. */
  readonly trailers: number
  /** Lines of the trailer section. */
  readonly trailerFields: number
  /** 1xx responses before the final one (client side). */
  readonly informational: number
  /** Unread bytes that may wait in the codec while its owner does not ask for events. */
  readonly buffered: number
}

/** What a connection uses for every limit that its owner does not set. */
export const defaultLimits: Limits = {
  startLine: 8192 + 64,
  head: 65_536,
  fields: 100,
  chunkSizeDigits: 13,
  chunkExtensions: 4096,
  trailers: 8192,
  trailerFields: 64,
  informational: 16,
  buffered: 262_144,
}

/**
 * Fills a partial set of limits with the defaults. Call it once per listener or destination, not once per connection.
 * @throws RangeError when a limit is not a positive integer (chunk extensions may be 0), or chunkSizeDigits is above 13.
 */
export function completeLimits(partial: Partial<Limits> = {}): Limits {
  const limits = { ...defaultLimits, ...partial }
  for (const [name, value] of Object.entries(limits)) {
    const least = name === 'chunkExtensions' || name === 'trailerFields' || name === 'informational' ? 0 : 1
    if (!Number.isSafeInteger(value) || value < least)
      throw new RangeError(`limit ${name} must be an integer >= ${least}`)
  }
  if (limits.chunkSizeDigits > 13) throw new RangeError('limit chunkSizeDigits must be at most 13')
  return Object.freeze(limits)
}
