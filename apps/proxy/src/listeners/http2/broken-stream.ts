import { constants, type ServerHttp2Stream } from 'node:http2'
import { Readable } from 'node:stream'

const reset = Symbol('reset')

type WatchedStream = ServerHttp2Stream & { [reset]?: true }

/**
 * Sees to it that a stream is over as soon as it is closed. The library waits then until somebody has read what came, though
 * nobody wants it, and where a client took the stream back without an error until all that was written has gone out, which
 * it never does. It would hold the connection, and whatever hangs on the stream, for ever.
 */
export function endWhenClosed(stream: ServerHttp2Stream): void {
  stream.push = push
}

/** Resets a stream by a code; without an error behind all that was written. */
export function resetStream(stream: ServerHttp2Stream, code: number): void {
  const { writableEnded, writableFinished } = stream
  if (code === constants.NGHTTP2_NO_ERROR && writableEnded && !writableFinished) {
    // The library would wait as well, but forgets the reset when the stream is destroyed meanwhile, and then asks without
    // end for what is left to be sent of it.
    stream.once('finish', () => resetStream(stream, code))
    return
  }
  const watched: WatchedStream = stream
  watched[reset] = true
  stream.close(code)
}

/**
 * Resets a stream in the middle of its answer, with INTERNAL_ERROR. {@link resetStream} would end the body first, by a frame
 * that says that this was all of it.
 */
export function breakStream(stream: ServerHttp2Stream, error = new Error('the answer was cut')): void {
  stream.destroy(error)
}

/** The answer is out. A client that still sends its request is told that nobody reads it (RFC 9113, 8.1). */
export function refuseRest(stream: ServerHttp2Stream): void {
  resetStream(stream, constants.NGHTTP2_NO_ERROR)
}

/** The end of what can be read comes with the closing; where our side was ended before it is the only sign of it. */
function push(this: WatchedStream, chunk: unknown, encoding?: BufferEncoding): boolean {
  const more = Readable.prototype.push.call(this, chunk, encoding)
  // Not at once: the library is still at work on it.
  if (chunk === null && this.closed) process.nextTick(endClosed, this)
  return more
}

function endClosed(stream: WatchedStream): void {
  if (stream[reset] === undefined || stream.writableFinished) stream.destroy()
}
