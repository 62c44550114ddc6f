import { WriteError } from './reasons.ts'

/**
 * How long the body will be. A number is declared in Content-Length; `unknown` is chunked, or lasts until the
 * connection closes where the peer speaks HTTP/1.0 only; `none` is no body.
 */
export type BodyLength = number | 'unknown' | 'none'

/** Checks a declared length. @throws WriteError `content_length_malformed` */
export function checkLength(length: BodyLength): void {
  if (typeof length === 'number' && !(Number.isSafeInteger(length) && length >= 0)) {
    throw new WriteError('content_length_malformed')
  }
}
