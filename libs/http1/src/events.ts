import type { Fields } from './fields.ts'
import type { RequestHead, ResponseHead } from './heads.ts'
import type { Refused } from './reasons.ts'

/** A piece of a body: a view into the buffer that was passed to `receive`, never a copy unless `detach` made one. */
export interface Data {
  readonly kind: 'data'
  readonly bytes: Buffer
}

/** The message is complete. */
export interface End {
  readonly kind: 'end'
  /** undefined unless the body was chunked and lines followed its last chunk. */
  readonly trailers: Fields | undefined
}

/** Nothing can be said before more bytes are received. */
export interface NeedData {
  readonly kind: 'need-data'
}

/** The request is complete and its response is not: what the client sent behind it is read after `end` of the response. */
export interface Paused {
  readonly kind: 'paused'
}

/** No further message will be read from this connection. */
export interface Closed {
  readonly kind: 'closed'
}

/**
 * The connection speaks another protocol from here on (101, or CONNECT with 2xx). The bytes that came behind the head
 * are handed over; from then on the codec is out of the way.
 */
export interface Raw {
  readonly kind: 'raw'
  readonly bytes: Buffer
}

export type ServerEvent = RequestHead | Data | End | NeedData | Paused | Closed | Raw | Refused
export type ClientEvent = ResponseHead | Data | End | NeedData | Closed | Raw | Refused

/** Events without content exist once. */
export const needData: NeedData = Object.freeze({ kind: 'need-data' })
export const paused: Paused = Object.freeze({ kind: 'paused' })
export const closed: Closed = Object.freeze({ kind: 'closed' })
export const endWithoutTrailers: End = Object.freeze({ kind: 'end', trailers: undefined })
