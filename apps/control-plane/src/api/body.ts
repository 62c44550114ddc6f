import { decodeJson, type EntityRef, withoutNulls } from '@vrata/model'
import type { Request, Response } from 'express'
import { ApiError } from './api-error.ts'

/** Most bytes of a body that are read only to be dropped; the largest that any endpoint takes by default. */
const drainLimit = 64 * 1024 * 1024

/** How a body is read. */
export interface BodyOptions {
  /** Ceiling in bytes. */
  readonly limit: number
  /** What the document is about, for its problems. */
  readonly entity: EntityRef
}

/**
 * Reads the request's JSON document: nulls taken out, undefined when there is no body or it is `null`.
 *
 * Throws `unsupported_media_type` for anything declared as something else than JSON, `too_large`, and `bad_json` with
 * all problems for what is not exactly one JSON value in UTF-8 without repeated keys.
 */
export async function readBody(req: Request, res: Response, options: BodyOptions): Promise<unknown> {
  const length = Number(req.headers['content-length'] ?? 0)
  const chunked = req.headers['transfer-encoding'] !== undefined
  if (length === 0 && !chunked) return undefined
  checkDeclaration(req)
  if (length > Math.max(options.limit, drainLimit) || (length > options.limit && expectsContinue(req)))
    throw tooLarge(options.limit)
  const bytes = await collect(req, res, options.limit)
  if (bytes.byteLength === 0) return undefined
  const document = withoutNulls(parse(bytes, options.entity))
  return document === null ? undefined : document
}

function checkDeclaration(req: Request): void {
  const type = req.headers['content-type']
  const essence = type?.split(';', 1)[0]?.trim().toLowerCase()
  if (essence !== undefined && essence !== 'application/json') {
    throw new ApiError('unsupported_media_type', 'the body must be application/json')
  }
  const encoding = req.headers['content-encoding']?.trim().toLowerCase()
  if (encoding !== undefined && encoding !== 'identity') {
    throw new ApiError('unsupported_media_type', 'the body must not be compressed', {
      headers: { 'Accept-Encoding': 'identity' },
    })
  }
}

function expectsContinue(req: Request): boolean {
  return req.headers.expect?.toLowerCase() === '100-continue'
}

/**
 * Reads to the end. What lies beyond the limit is read and dropped before the refusal is answered, up to
 * {@link drainLimit}: a connection that closes over unread bytes is reset, and the client would never see why.
 */
function collect(req: Request, res: Response, limit: number): Promise<Buffer> {
  if (expectsContinue(req)) res.writeContinue()
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const finish = (outcome: () => void) => {
      req.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone)
      outcome()
    }
    const onData = (chunk: Buffer) => {
      size += chunk.byteLength
      if (size <= limit) chunks.push(chunk)
      else chunks.length = 0
      if (size > Math.max(limit, drainLimit)) finish(() => reject(tooLarge(limit)))
    }
    const onEnd = () => finish(() => (size > limit ? reject(tooLarge(limit)) : resolve(Buffer.concat(chunks))))
    const onGone = () => finish(() => reject(new ApiError('bad_json', 'the body ended early')))
    req.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone)
  })
}

/** About a secret's body nothing is said but that it is malformed. */
function parse(bytes: Buffer, entity: EntityRef): unknown {
  const read = decodeJson(bytes)
  if (read.ok) return read.value
  if (entity.kind === 'secret') throw new ApiError('bad_json', 'invalid request body')
  const problems = read.problems.map((problem) => ({ ...problem, entity, severity: 'error' as const }))
  throw new ApiError('bad_json', `invalid request body: ${read.message}`, problems.length > 0 ? { problems } : {})
}

function tooLarge(limit: number): ApiError {
  return new ApiError('too_large', `the body is larger than ${limit} bytes`)
}
