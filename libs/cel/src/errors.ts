/** An expression that cannot be used; `message` is one line for the person who wrote it. */
export class CelError extends Error {
  readonly source: string
  /** offset in `source`, in UTF-16 units */
  readonly position?: number
  /** what was probably meant, ready to be put in the place of what was written */
  readonly suggestion?: string
  constructor(message: string, source: string, position?: number, suggestion?: string) {
    super(message)
    this.name = 'CelError'
    this.source = source
    if (position !== undefined) this.position = position
    if (suggestion !== undefined) this.suggestion = suggestion
  }
}

/**
 * Why an evaluation gave no value: `limit` = it took too many steps or too long, `type` = a predicate gave something
 * that is not a bool, `value` = everything CEL itself calls an error (missing key, wrong type, division by zero ...).
 */
export type CelFailure = 'limit' | 'type' | 'value'

/**
 * The evaluation of a compiled expression failed. What that means is decided where the expression is used. There is a
 * `cause` when it was no fault of the expression: the facts could not be asked, or the memory did not suffice.
 */
export class CelEvaluationError extends Error {
  readonly failure: CelFailure
  constructor(message: string, failure: CelFailure = 'value', cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'CelEvaluationError'
    this.failure = failure
  }
}
