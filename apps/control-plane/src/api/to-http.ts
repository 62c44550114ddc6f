import { type ErrorCode, maxProblems, type Problem, sortProblems } from '@vrata/model'
import type { Logger } from '@vrata/service'
import type { ErrorRequestHandler, Response } from 'express'
import { StoreError, type StoreFailure } from '../store/store.ts'
import { sendJson } from './answer.ts'
import { ApiError } from './api-error.ts'
import { factsOf } from './request-facts.ts'

/** Only failures that a client can act on are told apart; the rest is our own affair and goes to the log. */
const storeFailures: Readonly<Partial<Record<StoreFailure, readonly [ErrorCode, string]>>> = {
  full: ['storage_full', 'the store has no room left; nothing was changed'],
  unavailable: ['unavailable', 'the store cannot be written at present; nothing was changed'],
  closed: ['unavailable', 'the control plane is stopping; nothing was changed'],
  unknown: ['unknown_outcome', 'the store did not confirm in time; the change may have happened'],
}

/** Mounted last: the only place that turns what was thrown into an answer. Whatever is unknown is logged, and a 500. */
export function toHttp(log: Logger): ErrorRequestHandler {
  return (thrown, req, res, _next) => {
    const error = toApiError(thrown)
    const { requestId } = factsOf(res)
    if (error.status >= 500) log.error({ err: thrown, requestId, method: req.method, path: req.path }, error.message)
    if (res.headersSent) {
      // A success was already begun; a cut is the only way left to say that it is none.
      res.destroy()
      return
    }
    sendError(res, error)
  }
}

/** Answers with the error's document. */
export function sendError(res: Response, error: ApiError): void {
  const { requestId } = factsOf(res)
  if (error.code === 'unavailable') res.setHeader('Retry-After', '2')
  for (const [name, value] of Object.entries(error.headers)) res.setHeader(name, value)
  sendJson(res, error.status, { error: error.message, code: error.code, requestId, ...problemList(error.problems) })
}

function problemList(problems: readonly Problem[] | undefined) {
  if (problems === undefined) return {}
  const sorted = sortProblems(problems)
  if (sorted.length <= maxProblems) return { problems: sorted }
  return { problems: sorted.slice(0, maxProblems), truncated: true }
}

function toApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown
  if (thrown instanceof StoreError) {
    const [code, sentence] = storeFailures[thrown.failure] ?? []
    if (code !== undefined && sentence !== undefined) return new ApiError(code, sentence, { cause: thrown })
  }
  // Express could not decode a path segment: no resource can have such a name.
  if (thrown instanceof URIError) return new ApiError('not_found', 'resource not found')
  return new ApiError('internal', 'an unexpected error occurred', { cause: thrown })
}
