/** What the fleet should run, ready to be sent. */
export interface Wanted {
  readonly snapshotId: string
  readonly hash: string
  readonly seq: number
  /** The `snapshot` event, encoded once for all streams. */
  readonly event: Buffer
}

/** Sent at once to every new stream, with how long to wait before coming back, in milliseconds. */
export const greeting = Buffer.from('retry: 2000\n\n')
export const keepalive = Buffer.from(': keepalive\n\n')
export const farewell = Buffer.from(': closing\n\n')
/** There is no active snapshot. */
export const noneEvent = Buffer.from('event: none\ndata: {}\n\n')

/** The event that carries a document; the document is one line of JSON. */
export function snapshotEvent(seq: number, document: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`event: snapshot\nid: ${seq}\ndata: `), document, Buffer.from('\n\n')])
}

/** In place of the document, for a client that has it already. */
export function currentEvent({ snapshotId, hash, seq }: Wanted): Buffer {
  const data = JSON.stringify({ id: snapshotId, hash, seq })
  return Buffer.from(`event: current\nid: ${seq}\ndata: ${data}\n\n`)
}
