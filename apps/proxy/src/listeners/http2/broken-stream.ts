import { constants, type ServerHttp2Stream } from 'node:http2'

const reset = Symbol('reset')

type WatchedStream = ServerHttp2Stream & { [reset]?: true }

/**
 * Sees to it that a stream which its client takes back is over at once. Where the client does so without an error the
 * library waits until all that was written has gone out, which it never does then; and where our side was ended already it
 * tells nothing but the end of what can be read.
 */
export function endWithClient(stream: ServerHttp2Stream): void {
  stream.on('aborted', onAborted)
  stream.on('end', onRead)
}

/** Resets a stream by a code, behind what was written. */
export function resetStream(stream: ServerHttp2Stream, code: number): void {
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

function onAborted(this: WatchedStream): void {
  if (this[reset] === undefined) this.destroy()
}

function onRead(this: WatchedStream): void {
  if (this[reset] === undefined && this.closed && !this.writableFinished) this.destroy()
}
