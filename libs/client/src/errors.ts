import type { Problem } from '@vrata/model'

/** The control plane answered and said no: any status outside 200-299. */
export class ApiError extends Error {
  /** HTTP status of the answer. */
  readonly status: number
  /** Stable word of the control plane, for example `id_exists`; `unknown` when something else answered. */
  readonly code: string
  /** Everything that was wrong with the content, with entity and JSON pointer; often empty. */
  readonly problems: readonly Problem[]
  /** Finds the request in the control plane's log; undefined when the answer carries none. */
  readonly requestId: string | undefined

  constructor(status: number, facts: { message: string; code: string; problems: Problem[]; requestId?: string }) {
    super(facts.message)
    this.name = 'ApiError'
    this.status = status
    this.code = facts.code
    this.problems = facts.problems
    this.requestId = facts.requestId
  }
}

/**
 * No usable answer: refused, reset, timed out, or not JSON although the status was a success. Whether a write was
 * stored is then unknown.
 */
export class NoAnswerError extends Error {
  /** `GET http://…`, for messages. */
  readonly request: string

  constructor(request: string, reason: string, cause?: unknown) {
    super(`${request}: ${reason}`, cause === undefined ? {} : { cause })
    this.name = 'NoAnswerError'
    this.request = request
  }
}

/** Reads an error answer. A body that is not the control plane's JSON gives code `unknown` and the status as text. */
export function toApiError(status: number, statusText: string, text: string): ApiError {
  const body = parsed(text)
  const message = body['error']
  const code = body['code']
  const requestId = body['requestId']
  return new ApiError(status, {
    message: typeof message === 'string' ? message : `HTTP ${status} ${statusText}`.trimEnd(),
    code: typeof code === 'string' ? code : 'unknown',
    problems: Array.isArray(body['problems']) ? body['problems'].filter(isProblem) : [],
    ...(typeof requestId === 'string' ? { requestId } : {}),
  })
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {} // HTML of a load balancer, an empty body: the status has to do
  }
}

function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'pointer' in value && 'message' in value && 'entity' in value
}
