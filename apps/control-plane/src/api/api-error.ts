import { type ErrorCode, errorStatus, type Problem } from '@vrata/model'

/** What an error answer may carry besides code and sentence. */
export interface ErrorFacts {
  readonly problems?: readonly Problem[]
  /** Response headers, such as `Allow` or the present `ETag`. */
  readonly headers?: Readonly<Record<string, string>>
  readonly cause?: unknown
}

/** An answer that is no success, thrown by whoever finds the reason. The message is shown to the client. */
export class ApiError extends Error {
  readonly code: ErrorCode
  readonly problems: readonly Problem[] | undefined
  readonly headers: Readonly<Record<string, string>>

  constructor(code: ErrorCode, message: string, facts: ErrorFacts = {}) {
    super(message, { cause: facts.cause })
    this.name = 'ApiError'
    this.code = code
    this.problems = facts.problems
    this.headers = facts.headers ?? {}
  }

  get status(): number {
    return errorStatus[this.code]
  }
}
