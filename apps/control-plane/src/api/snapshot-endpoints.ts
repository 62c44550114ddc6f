import { checkEntity, type Problem, type SnapshotConfig } from '@vrata/model'
import type { Logger, Turnstile } from '@vrata/service'
import { redactConfig, type SecretPorts } from '@vrata/snapshot'
import { activateSnapshot, deleteSnapshot, type Moved } from '../snapshots/activation.ts'
import { readHistory, readPointer } from '../snapshots/active-pointer.ts'
import type { SnapshotArchive } from '../snapshots/archive.ts'
import { captureSnapshot } from '../snapshots/capture-service.ts'
import type { CompiledHashes } from '../snapshots/compiled-hashes.ts'
import { fullDocument, summary } from '../snapshots/documents.ts'
import { ActivationRequest, SnapshotRequest } from '../snapshots/snapshot-request.ts'
import type { Store } from '../store/store.ts'
import { sendJson, sendJsonBytes, sendNothing } from './answer.ts'
import { ApiError } from './api-error.ts'
import { readBody } from './body.ts'
import { type Call, type Endpoint, endpoint, flag, pathParameter } from './endpoint.ts'
import { notModified, strongTag, weakTag, writeCondition } from './entity-tags.ts'
import { factsOf } from './request-facts.ts'
import { invalidSentence, refusedSentence } from './sentences.ts'
import { snapshotOperations } from './snapshot-operations.ts'

/** What the snapshots' endpoints need. */
export interface SnapshotContext {
  readonly store: Store
  readonly archive: SnapshotArchive
  readonly compiled: CompiledHashes
  readonly references: Pick<SecretPorts, 'env' | 'file'>
  readonly turns: Turnstile
  readonly resend: () => void
  readonly bodyBytes: number
  readonly log: Logger
}

const about = { kind: 'snapshot' } as const

/** Capture, read, activate and delete. */
export function snapshotEndpoints(context: SnapshotContext): Endpoint[] {
  const { list, capture, get, remove, activate } = snapshotOperations
  const one = '/api/v1/snapshots/{id}'
  return [
    endpoint('GET', '/api/v1/snapshots', { operation: list, handle: (call) => answerList(context, call) }),
    endpoint('POST', '/api/v1/snapshots', { operation: capture, handle: (call) => answerCapture(context, call) }),
    endpoint('GET', one, {
      operation: get,
      query: { redact: flag().describe('Shows fingerprints in the place of secrets.') },
      handle: (call) => answerGet(context, call),
    }),
    endpoint('DELETE', one, {
      operation: remove,
      query: { force: flag().describe('Also the active one.') },
      handle: (call) => answerRemove(context, call),
    }),
    endpoint('POST', `${one}/activate`, { operation: activate, handle: (call) => answerActivate(context, call) }),
  ]
}

async function answerList({ store, archive }: SnapshotContext, { req, res }: Call): Promise<void> {
  // The pointer is read last: whatever it names was in the list, or is newer than it.
  const { metas, revision } = await archive.list()
  if (notModified(req, res, weakTag(revision))) return
  const [{ pointer }, history] = await Promise.all([readPointer(store), readHistory(store)])
  const activated = new Map(history.map(({ id, activatedAt }) => [id, activatedAt]))
  const shown = metas.map((meta) => summary(meta, meta.id === pointer.active?.id, activated.get(meta.id)))
  sendJson(res, 200, shown)
}

async function answerCapture(context: SnapshotContext, { req, res }: Call): Promise<void> {
  const sent = (await readBody(req, res, { limit: context.bodyBytes, entity: about })) ?? {}
  const { value, problems } = checkEntity(SnapshotRequest, sent, about)
  if (value === undefined) throw new ApiError('invalid', invalidSentence('snapshot', problems), { problems })
  const { actor, requestId } = factsOf(res)
  const started = performance.now()
  const captured = await captureSnapshot(context, value, actor)
  const line = { actor, requestId, name: value.name, durationMs: Math.round(performance.now() - started) }
  if (!captured.ok) {
    context.log.warn({ ...line, problems: captured.problems.slice(0, 10).map(inShort) }, 'capture refused')
    throw new ApiError('capture_refused', refusedSentence(captured.problems), { problems: captured.problems })
  }
  const { meta, version, config } = captured
  context.log.info({ ...line, snapshotId: meta.id, hash: meta.hash, bytes: config.byteLength }, 'snapshot captured')
  res.setHeader('ETag', strongTag(version))
  res.setHeader('Location', `/api/v1/snapshots/${meta.id}`)
  sendJsonBytes(res, 201, ...fullDocument(meta, config, { problems: captured.problems.slice(0, 500) }))
}

async function answerGet({ archive }: SnapshotContext, { req, res, query }: Call<{ redact: boolean }>): Promise<void> {
  const id = pathParameter(req, 'id')
  const [found, config] = await Promise.all([archive.meta(id), archive.config(id)])
  if (!found || !config) throw missing(id)
  const { meta, version } = found
  if (notModified(req, res, strongTag(version, query.redact ? '-redacted' : ''))) return
  sendJsonBytes(res, 200, ...fullDocument(meta, query.redact ? redacted(config, meta.secretPointers) : config))
}

function redacted(json: Buffer, pointers: Parameters<typeof redactConfig>[1]): Buffer {
  if (pointers.length === 0) return json
  const config: SnapshotConfig = JSON.parse(json.toString())
  return Buffer.from(JSON.stringify(redactConfig(config, pointers)))
}

async function answerRemove(context: SnapshotContext, { req, res, query }: Call<{ force: boolean }>): Promise<void> {
  const id = pathParameter(req, 'id')
  const moved = await deleteSnapshot(context, id, { force: query.force, check: writeCondition(req).check })
  if (moved.outcome === 'active') throw new ApiError('snapshot_active', `snapshot "${id}" is active`)
  const { from } = finished(moved, id)
  const { actor, requestId } = factsOf(res)
  context.log.info({ actor, requestId, snapshotId: id, wasActive: from === id }, 'snapshot deleted')
  sendNothing(res)
}

async function answerActivate(context: SnapshotContext, { req, res }: Call): Promise<void> {
  const id = pathParameter(req, 'id')
  if (!(await context.archive.meta(id))) throw missing(id)
  const sent = (await readBody(req, res, { limit: context.bodyBytes, entity: about })) ?? {}
  const { value, problems } = checkEntity(ActivationRequest, sent, { ...about, id })
  if (value === undefined) throw new ApiError('invalid', invalidSentence('snapshot', problems), { problems })
  const { actor, requestId } = factsOf(res)
  const order = { by: actor, reason: value.reason, check: writeCondition(req).check }
  const moved = await activateSnapshot(context, id, order)
  const { meta, version, pointer, from } = finished(moved, id)
  const facts = { actor, requestId, from: from ?? null, to: id, seq: pointer.seq, reason: value.reason }
  context.log.info(facts, from === id ? 'snapshot was active already' : 'snapshot activated')
  res.setHeader('ETag', strongTag(version))
  sendJson(res, 200, summary(meta, true, pointer.active?.activatedAt))
}

/** The facts of a move that happened; throws for one that did not. */
function finished(moved: Moved, id: string): Extract<Moved, { outcome: 'done' }> {
  switch (moved.outcome) {
    case 'done':
      return moved
    case 'missing':
      throw missing(id)
    case 'refused':
      throw new ApiError('conflict', `snapshot "${id}" no longer compiles: ${moved.problems.length} problems`, {
        problems: moved.problems,
      })
    case 'active':
    case 'contended':
      throw new ApiError('conflict', 'another activation is under way; try again')
  }
}

function missing(id: string): ApiError {
  return new ApiError('not_found', `snapshot "${id}": resource not found`)
}

function inShort({ entity, pointer, message }: Problem): string {
  return `${entity.kind} ${entity.name || entity.id || ''} ${pointer}: ${message}`
}
