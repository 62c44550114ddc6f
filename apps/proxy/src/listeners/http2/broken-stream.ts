import { constants, type ServerHttp2Stream } from 'node:http2'
import { Readable } from 'node:stream'
import { endClosed } from '../../closed-stream.ts'

/** Sees to it that a stream is over as soon as it is closed. */
export function endWhenClosed(stream: ServerHttp2Stream): void {
  stream.push = push
}

/** The end of what can be read comes with the closing; where our side was ended before it is the only sign of it. */
function push(this: ServerHttp2Stream, chunk: unknown, encoding?: BufferEncoding): boolean {
  if (chunk === null && this.closed) endClosed(this)
  return Readable.prototype.push.call(this, chunk, encoding)
}

/** Resets a stream in the middle of its answer, with INTERNAL_ERROR. `close` would end the body first, as if this was all. */
export function breakStream(stream: ServerHttp2Stream, error = new Error('the answer was cut')): void {
  stream.destroy(error)
}

/**
 * Resets a stream without an error behind all that was written. Behind an answer it tells a client that still sends its
 * request that nobody reads it (RFC 9113, 8.1).
 */
export function refuseRest(stream: ServerHttp2Stream): void {
  const { writableEnded, writableFinished } = stream
  if (writableEnded && !writableFinished) stream.once('finish', () => stream.close(constants.NGHTTP2_NO_ERROR))
  else stream.close(constants.NGHTTP2_NO_ERROR)
}
