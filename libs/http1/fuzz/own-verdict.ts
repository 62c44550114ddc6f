import { ClientConnection, type Fields, ServerConnection } from '@vrata/http1'
import type { SeenMessage, Verdict } from './node-oracle.ts'
import type { Reading } from './transcript.ts'

interface Open {
  readonly start: string
  readonly fields: readonly string[]
  readonly body: Buffer[]
}

function flat(fields: Fields | undefined): string[] {
  return fields === undefined ? [] : [...fields].flat()
}

/** Reads bytes with the codec and gives the result in the form that other readers give. */
export function ownVerdict(bytes: Buffer, reading: Reading): Verdict {
  const server = reading.role === 'server' ? new ServerConnection(reading.limits) : undefined
  const connection = server ?? startedClient(reading)
  const messages: SeenMessage[] = []
  let open: Open | undefined
  let raw: string | undefined
  let upgrade: string | undefined
  connection.receive(bytes)
  connection.receiveEnd()
  for (;;) {
    const event = connection.next()
    switch (event.kind) {
      case 'request':
        upgrade = event.upgrade?.[0]
        open = { start: `${event.method} ${event.target}`, fields: flat(event.fields), body: [] }
        break
      case 'response':
      case 'informational':
        open = { start: `${event.status}`, fields: flat(event.fields), body: [] }
        if (event.kind === 'informational') messages.push({ ...open, body: '', trailers: [] })
        break
      case 'data':
        open?.body.push(event.bytes)
        break
      case 'end':
        if (open !== undefined) messages.push(closedMessage(open, flat(event.trailers)))
        open = undefined
        break
      case 'paused':
        if (upgrade === undefined) server?.respond({ status: 200 })
        else server?.start({ status: 101, length: 'none', upgrade })
        break
      case 'raw':
        if (open !== undefined) messages.push(closedMessage(open, []))
        raw = event.bytes.toString('latin1')
        break
      case 'refused':
        return { messages, outcome: event.reason, raw }
      default:
        return { messages, outcome: 'accepted', raw, final: event.kind === 'closed' && open === undefined }
    }
  }
}

function closedMessage({ start, fields, body }: Open, trailers: readonly string[]): SeenMessage {
  return { start, fields, body: Buffer.concat(body).toString('latin1'), trailers }
}

function startedClient(reading: Reading): ClientConnection {
  const { method = 'GET', upgrade = undefined } = reading.role === 'client' ? reading : {}
  const connection = new ClientConnection(reading.limits)
  const target = method === 'CONNECT' ? 'a.example:443' : '/'
  connection.start({ method, target, host: 'a.example', length: 'none', upgrade }, undefined, true)
  return connection
}
