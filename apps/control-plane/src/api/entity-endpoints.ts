import { randomUUID } from 'node:crypto'
import { checkEntity, type EntityRef, hasErrors, type Problem, storedForm } from '@vrata/model'
import type { Logger } from '@vrata/service'
import type { Request, Response } from 'express'
import type { Entities, Stored, WriteResult } from '../entities/entities.ts'
import type { JsonObject, Kind } from '../entities/kinds.ts'
import type { Version } from '../store/store.ts'
import { sendJson, sendNothing } from './answer.ts'
import { ApiError } from './api-error.ts'
import { readBody } from './body.ts'
import { type Call, type Endpoint, endpoint, pathParameter } from './endpoint.ts'
import { entityOperations } from './entity-operations.ts'
import { notModified, strongTag, type WriteCondition, weakTag, writeCondition } from './entity-tags.ts'
import { factsOf } from './request-facts.ts'
import { invalidSentence } from './sentences.ts'

/** What the endpoints of one kind need. */
export interface EntityContext {
  readonly kind: Kind
  readonly entities: Entities
  /** Ceiling of a body in bytes. */
  readonly bodyBytes: number
  readonly log: Logger
}

/** How often a write without a condition of its own goes again after losing a race. */
const attempts = 8

/** Create, read, list, replace and delete of one kind. */
export function entityEndpoints(context: EntityContext): Endpoint[] {
  const all = `/api/v1/${context.kind.collection}`
  const one = `${all}/{id}`
  const { list, create, get, replace, remove } = entityOperations(context.kind)
  return [
    endpoint('GET', all, { operation: list, handle: (call) => answerList(context, call) }),
    endpoint('POST', all, { operation: create, handle: (call) => answerCreate(context, call) }),
    endpoint('GET', one, { operation: get, handle: (call) => answerGet(context, call) }),
    endpoint('PUT', one, { operation: replace, handle: (call) => answerReplace(context, call) }),
    endpoint('DELETE', one, { operation: remove, handle: (call) => answerRemove(context, call) }),
  ]
}

async function answerList({ kind, entities }: EntityContext, { req, res }: Call): Promise<void> {
  const { items, revision } = await entities.list()
  if (notModified(req, res, weakTag(revision))) return
  const shown = items.map((item) => kind.view(item.entity, item.updatedAt))
  sendJson(res, 200, shown)
}

async function answerCreate(context: EntityContext, { req, res }: Call): Promise<void> {
  const { kind, entities } = context
  const entity = await readEntity(context, req, res, undefined)
  const id = String(entity['id'])
  const stored = await entities.create(id, entity)
  if (!stored) throw new ApiError('id_exists', `${kind.kind} "${id}" exists already`)
  res.setHeader('Location', `/api/v1/${kind.collection}/${encodeURIComponent(id)}`)
  sendWritten(context, res, 201, stored)
}

async function answerGet(context: EntityContext, { req, res }: Call): Promise<void> {
  const stored = await existing(context, pathParameter(req, 'id'))
  if (notModified(req, res, strongTag(stored.version))) return
  sendJson(res, 200, stored.entity)
}

async function answerReplace(context: EntityContext, { req, res }: Call): Promise<void> {
  const id = pathParameter(req, 'id')
  await existing(context, id)
  const entity = await readEntity(context, req, res, id)
  const stored = await write(context, id, writeCondition(req), (version) =>
    context.entities.replace(id, entity, version),
  )
  sendWritten(context, res, 200, stored)
}

async function answerRemove(context: EntityContext, { req, res }: Call): Promise<void> {
  const id = pathParameter(req, 'id')
  const { entity } = await existing(context, id)
  await write(context, id, writeCondition(req), (version) => context.entities.remove(id, version))
  noteSecret(context, res, 'deleted', entity)
  sendNothing(res)
}

async function existing({ kind, entities }: EntityContext, id: string): Promise<Stored> {
  const stored = await entities.get(id)
  if (!stored) throw new ApiError('not_found', kind.missing(id))
  return stored
}

/** Writes over the version that was just read; who loses the race reads again, unless a condition forbids it. */
async function write<T>(
  context: EntityContext,
  id: string,
  condition: WriteCondition,
  attempt: (version: Version) => Promise<WriteResult<T>>,
): Promise<T> {
  for (let n = 0; n < attempts; n++) {
    const { version } = await existing(context, id)
    condition.check(version)
    const result = await attempt(version)
    if (result.done) return result.value
  }
  throw new ApiError('conflict', `${context.kind.kind} "${id}" is being written by others; try again`)
}

/** The entity of the body in its stored form, checked. `id` is the path's, undefined for a new one. */
async function readEntity(
  { kind, bodyBytes }: EntityContext,
  req: Request,
  res: Response,
  id: string | undefined,
): Promise<JsonObject> {
  const sent = await readBody(req, res, { limit: bodyBytes, entity: { kind: kind.kind, ...(id ? { id } : {}) } })
  if (sent === undefined) throw new ApiError('bad_json', 'invalid request body: it is empty')
  const { id: asked, ...members } = isObject(sent) ? sent : {}
  const given = asked !== undefined && asked !== ''
  const assigned = id ?? (given ? asked : randomUUID())
  const about = describe(kind, id ?? (given ? asked : undefined), members['name'])
  const problems: Problem[] = []
  if (id !== undefined && given && asked !== id) {
    const message = `must be "${id}" as in the path, or absent`
    problems.push({ entity: about, pointer: '/id', message, severity: 'error' })
  }
  problems.push(...checkEntity(kind.schema, isObject(sent) ? { id: assigned, ...members } : sent, about).problems)
  if (hasErrors(problems)) throw new ApiError('invalid', invalidSentence(kind.kind, problems), { problems })
  return storedForm(kind.kind, String(assigned), members)
}

/** The entity as problems name it. */
function describe(kind: Kind, id: unknown, name: unknown): EntityRef {
  return {
    kind: kind.kind,
    ...(typeof id === 'string' ? { id } : {}),
    ...(typeof name === 'string' ? { name } : {}),
  }
}

function sendWritten(context: EntityContext, res: Response, status: 200 | 201, stored: Stored): void {
  noteSecret(context, res, status === 201 ? 'created' : 'updated', stored.entity)
  res.setHeader('ETag', strongTag(stored.version))
  sendJson(res, status, context.kind.view(stored.entity, stored.updatedAt))
}

function noteSecret({ kind, log }: EntityContext, res: Response, what: string, entity: JsonObject): void {
  if (kind.kind !== 'secret') return
  log.info({ id: entity['id'], name: entity['name'], requestId: factsOf(res).requestId }, `secret ${what}`)
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
