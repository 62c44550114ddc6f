import assert from 'node:assert/strict'
import { type Outgoing, outgoingBytes } from '../body-writer.ts'
import type { ServerEvent } from '../events.ts'
import type { RequestHead } from '../heads.ts'
import { ServerConnection } from '../server-connection.ts'

/** The shortest request. */
export const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

/** Bytes of a text, one for each character. */
export function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

/** What was written, as text. */
export function text(out: Outgoing): string {
  return outgoingBytes(out).toString('latin1')
}

/** A connection that has received this. */
export function received(...pieces: string[]): ServerConnection {
  const connection = new ServerConnection()
  for (const piece of pieces) connection.receive(bytes(piece))
  return connection
}

/** Asks for events until the connection has nothing more to say; kinds only, the last one included. */
export function kinds(connection: ServerConnection): string[] {
  const found: string[] = []
  for (;;) {
    const { kind } = connection.next()
    found.push(kind)
    if (kind === 'need-data' || kind === 'paused' || kind === 'closed' || kind === 'raw') return found
  }
}

/** The event as the head of a request; fails the test when it is another. */
export function requestOf(event: ServerEvent): RequestHead {
  assert.equal(event.kind, 'request')
  if (event.kind !== 'request') throw new TypeError('no request')
  return event
}
