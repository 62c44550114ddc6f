import { constants, type Http2Stream } from 'node:http2'

/**
 * Ends a stream of HTTP/2 that is closed, once its connection knows nothing of it any more. The library would wait: until
 * somebody has read what came, though nobody wants it, and, where the other side took the stream back without an error, until
 * all that was written has gone out, which it never does then. The connection would be held for ever.
 *
 * While the connection still knows the stream, for example because our own reset is not sent yet, nothing is done: it would
 * ask without end for what is left to be sent.
 */
export function endClosed(stream: Http2Stream): void {
  setImmediate(endIfGone, stream)
}

function endIfGone(stream: Http2Stream): void {
  if (stream.closed && !stream.destroyed && isGone(stream)) stream.destroy()
}

function isGone({ state: { state } }: Http2Stream): boolean {
  return state === constants.NGHTTP2_STREAM_STATE_IDLE || state === constants.NGHTTP2_STREAM_STATE_CLOSED
}
