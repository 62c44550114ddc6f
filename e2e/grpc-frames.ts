import type { Readable } from 'node:stream'

/** Bytes before each message: whether it is compressed, and its length. gRPC over HTTP/2, "Length-Prefixed-Message" */
const prefixLength = 5

/** A message of a gRPC stream, not compressed. What is in it is the business of the two ends: here it is text. */
export function grpcFrame(text: string): Buffer {
  const message = Buffer.from(text)
  const frame = Buffer.alloc(prefixLength + message.length)
  frame.writeUInt32BE(message.length, 1)
  message.copy(frame, prefixLength)
  return frame
}

/**
 * The messages that come in on a stream, however their bytes are cut.
 * @throws Error when the stream ends inside a message
 */
export async function* grpcMessages(stream: Readable): AsyncGenerator<string, void, undefined> {
  let held = Buffer.alloc(0)
  for await (const chunk of stream) {
    held = Buffer.concat([held, chunk])
    for (let end = endOfFirst(held); end <= held.length; end = endOfFirst(held)) {
      yield held.toString('utf8', prefixLength, end)
      held = held.subarray(end)
    }
  }
  if (held.length > 0) throw new Error(`${held.length} bytes of a message, and then the end`)
}

/** Infinity as long as its length is not known. */
function endOfFirst(bytes: Buffer): number {
  return bytes.length < prefixLength ? Infinity : prefixLength + bytes.readUInt32BE(1)
}

/** All messages, when there are no more. */
export async function allOf(messages: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = []
  for await (const message of messages) all.push(message)
  return all
}
