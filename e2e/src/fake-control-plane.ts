import type { ServerResponse } from 'node:http'
import type { Ack } from '@vrata/model'
import { eventually, type Scope, type SnapshotBuilder, startBackend } from '@vrata/testkit'

/** A server that speaks to proxies as a control plane does, with bytes that the test chooses. */
export interface FakeControlPlane {
  readonly url: string
  /** What proxies have acknowledged or refused so far. */
  readonly acks: readonly Ack[]
  /** Streams opened so far; a proxy that reconnects opens another. */
  readonly streamCount: number
  /** Waits for an open stream and writes these bytes to it. */
  write(text: string): Promise<void>
  /** Writes these bytes and cuts the connection. */
  writeAndCut(text: string): Promise<void>
  /** The next report about this snapshot. */
  ackOf(snapshotId: string): Promise<Ack>
}

/** Starts it; gone when the scope ends. */
export async function startFakeControlPlane(scope: Scope): Promise<FakeControlPlane> {
  const acks: Ack[] = []
  let streams = 0
  let open: ServerResponse | undefined
  const server = await startBackend(scope, {
    name: 'fake control plane',
    handler: async (request, response) => {
      if (request.method === 'GET') {
        streams++
        response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
        response.flushHeaders()
        open = response
        response.on('close', () => {
          if (open === response) open = undefined
        })
        return
      }
      let text = ''
      for await (const chunk of request.setEncoding('utf8')) text += chunk
      if (request.url?.endsWith('/ack')) acks.push(JSON.parse(text))
      response.writeHead(204).end()
    },
    recordBodies: false,
  })
  const stream = () => eventually('a proxy to open a stream', () => open)
  return {
    url: server.url,
    acks,
    get streamCount() {
      return streams
    },
    async write(text) {
      const to = await stream()
      await new Promise<void>((resolve) => to.write(text, () => resolve()))
    },
    async writeAndCut(text) {
      const to = await stream()
      await new Promise<void>((resolve) => to.write(text, () => resolve()))
      to.destroy()
    },
    ackOf: (snapshotId) =>
      eventually(`a report about ${snapshotId}`, () => acks.find((ack) => ack.snapshotId === snapshotId)),
  }
}

/** A snapshot as a document in one line. */
export function documentOf(id: string, seq: number, config: SnapshotBuilder): string {
  return JSON.stringify({
    id,
    name: id,
    createdAt: '2026-01-05T10:00:00.000Z',
    hash: `sha256:${id}`,
    seq,
    snapshot: config.config,
  })
}

/** One event of the stream. */
export function event(data: string, seq: number): string {
  return `event: snapshot\nid: ${seq}\ndata: ${data}\n\n`
}
