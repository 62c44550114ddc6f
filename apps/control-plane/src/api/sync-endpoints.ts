import { Ack, checkEntity, Heartbeat, headerNames, type Problem } from '@vrata/model'
import type { Logger } from '@vrata/service'
import type { Request, Response } from 'express'
import { z } from 'zod'
import type { Fleet } from '../fleet/fleet.ts'
import { IdentityError, readIdentity } from '../fleet/identity.ts'
import type { StreamHub } from '../stream/stream-hub.ts'
import { sendNothing } from './answer.ts'
import { ApiError } from './api-error.ts'
import { readBody } from './body.ts'
import { type Call, component, type Endpoint, endpoint, type Operation } from './endpoint.ts'
import { factsOf } from './request-facts.ts'

/** What the proxies' side of the API needs. */
export interface SyncContext {
  readonly hub: StreamHub
  readonly fleet: Fleet
  readonly bodyBytes: number
  readonly log: Logger
}

const have = z.string().max(256).optional().describe('Hash of the document that the client has.')

/** The stream that proxies follow, and what they report. */
export function syncEndpoints(context: SyncContext): Endpoint[] {
  const stream = (call: Call<{ have?: string | undefined }>) => openStream(context, call)
  return [
    endpoint('GET', '/api/v1/sync/snapshot', { operation: streamOperation('stream'), query: { have }, handle: stream }),
    endpoint('GET', '/sync/snapshot', { operation: streamOperation('streamAlias'), query: { have }, handle: stream }),
    endpoint('POST', '/api/v1/sync/ack', {
      operation: report('ack', 'Ack', 'Report what became of a snapshot'),
      async handle({ req, res }) {
        const ack = await readReport(context, req, res, Ack)
        const { requestId, remote } = factsOf(res)
        const newest = context.fleet.report(ack, remote)
        const { proxyId, snapshotId, seq, result, applyMs, problems = [] } = ack
        const line = { proxyId, snapshotId, seq, result, applyMs, requestId }
        if (!newest) context.log.debug(line, 'an older report was ignored')
        else if (result === 'ok') context.log.info(line, 'snapshot acknowledged')
        else context.log.warn({ ...line, problems: problems.slice(0, 10).map(inShort) }, 'snapshot refused by a proxy')
        sendNothing(res)
      },
    }),
    endpoint('POST', '/api/v1/sync/heartbeat', {
      operation: report('heartbeat', 'Heartbeat', 'Report that a proxy lives, and its traffic'),
      async handle({ req, res }) {
        context.fleet.beat(await readReport(context, req, res, Heartbeat), factsOf(res).remote)
        sendNothing(res)
      },
    }),
  ]
}

function openStream({ hub, fleet, log }: SyncContext, { req, res, query }: Call<{ have?: string | undefined }>): void {
  const identity = identityOf(req)
  res.writeHead(200, {
    'Content-Type': 'text/event-stream',
    'Cache-Control': 'no-cache',
    Connection: 'keep-alive',
    'X-Accel-Buffering': 'no',
  })
  if (req.method === 'HEAD') {
    res.end()
    return
  }
  res.flushHeaders()
  // A stream is idle for as long as nothing happens; whoever stops reading is noticed by the stream itself.
  req.socket.setTimeout(0)
  req.socket.setKeepAlive(true, 30_000)
  const { requestId, remote } = factsOf(res)
  const member = fleet.opened(identity, remote, query.have)
  const line = { proxyId: member.name, remote, requestId }
  log.info(line, 'stream opened')
  res.once('close', () => {
    member.closed()
    log.info(line, 'stream closed')
  })
  hub.add({
    out: res,
    have: query.have,
    lastEventId: req.get('Last-Event-ID'),
    inSync: member.inSync,
    sent: member.sent,
    cut: () => log.warn(line, 'stream cut: the proxy does not read'),
  })
}

function identityOf(req: Request) {
  try {
    return readIdentity(req.headers)
  } catch (thrown) {
    if (thrown instanceof IdentityError) throw new ApiError('invalid', thrown.message, { cause: thrown })
    throw thrown
  }
}

async function readReport<S extends z.ZodType>(context: SyncContext, req: Request, res: Response, schema: S) {
  const sent = await readBody(req, res, { limit: context.bodyBytes, entity: { kind: 'config' } })
  const { value, problems } = checkEntity(schema, sent, { kind: 'config' })
  if (value === undefined)
    throw new ApiError('invalid', `the report is not valid: ${problems.length} problems`, { problems })
  return value
}

function inShort({ entity, pointer, message }: Problem): string {
  return `${entity.kind} ${entity.name || entity.id || ''} ${pointer}: ${message}`
}

function report(id: string, schema: string, summary: string): Operation {
  return {
    id,
    tag: 'sync',
    summary,
    body: { schema: component(schema), required: true },
    answers: { 204: { description: 'Taken.' } },
    errors: ['bad_json', 'invalid', 'too_large', 'unsupported_media_type'],
  }
}

function streamOperation(id: string): Operation {
  return {
    id,
    tag: 'sync',
    summary: 'Follow the active snapshot',
    description:
      'Server-sent events: `snapshot` with the document, `current` when the client has it already, `none` when nothing is active. Stays open.',
    headers: [
      { name: headerNames.proxyId, description: 'Identity of the proxy.' },
      { name: headerNames.proxyBoot, description: 'Identity of this run of its process.' },
      { name: headerNames.proxyVersion, description: 'Version of its program.' },
      { name: headerNames.proxyLabels, description: 'Its labels, `k=v,k=v`, percent-encoded.' },
      { name: 'Last-Event-ID', description: 'Number of the last event that it saw.' },
    ],
    answers: { 200: { description: 'The stream.', type: 'text/event-stream', schema: { type: 'string' } } },
    errors: ['invalid'],
  }
}
