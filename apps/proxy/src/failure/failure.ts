import type { Reason } from '@vrata/http1'
import { type FailureKind, type FailureReason, failures } from './failures.ts'

/** Which limit a `timeout` ran into. */
export type TimeoutReason = 'connect' | 'first_byte' | 'idle' | 'request' | 'attempt'

/** What is known about a failure besides its reason. */
export interface FailureFacts {
  /** A fixed sentence more exact than the one of the reason. It is shown to clients. */
  readonly message?: string
  readonly timeout?: TimeoutReason
  /** Which rule of a protocol was broken, as the codec calls it. */
  readonly rule?: Reason
  /** Another status than the usual one of the reason. */
  readonly status?: number
}

/** Why the gateway answers by itself, or cuts an answer short. The only error that its parts hand to each other. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly reason: FailureReason
  readonly facts: FailureFacts

  /** @param cause what was thrown; shown at detail level `full` only */
  constructor(reason: FailureReason, facts: FailureFacts = {}, cause?: unknown) {
    super(facts.message ?? failures[reason].message, cause === undefined ? undefined : { cause })
    this.reason = reason
    this.facts = facts
  }

  get kind(): FailureKind {
    return failures[this.reason]
  }

  /** Status of the answer. */
  get status(): number {
    return this.facts.status ?? this.kind.status
  }
}
