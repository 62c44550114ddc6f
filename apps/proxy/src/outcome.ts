import { hasErrors, type Problem } from '@vrata/model'
import type { Logger } from '@vrata/service'
import type { SnapshotIdentity } from './pipeline/gateway.ts'

/** How applying a snapshot ended. */
export interface Applied {
  /** `degraded`: it runs, but not every listener is bound. `error`: it does not run, the earlier one goes on. */
  readonly result: 'ok' | 'degraded' | 'error'
  readonly problems: readonly Problem[]
  /** Milliseconds from the whole document to the swap; 0 when nothing had to be done. */
  readonly applyMs: number
}

/** How many entities of each kind a snapshot has. */
export interface SnapshotCounts {
  readonly listeners: number
  readonly routes: number
  readonly destinations: number
  readonly middlewares: number
}

/** What is wrong with what runs, as the result of an application: listeners that are not bound only degrade it. */
export function stateOf(problems: readonly Problem[]): Pick<Applied, 'result' | 'problems'> {
  return { result: problems.length === 0 ? 'ok' : 'degraded', problems }
}

/** The outcome of an application that failed. Warnings say nothing about why, and are left out. */
export function refusal(problems: readonly Problem[], applyMs: number): Applied {
  return { result: 'error', problems: problems.filter((problem) => hasErrors([problem])), applyMs }
}

/** One line for a snapshot that serves from now on. */
export function logApplied(
  log: Logger,
  { id, name, hash, seq }: SnapshotIdentity,
  { applyMs, result }: Applied,
  { listeners, routes, destinations }: SnapshotCounts,
): void {
  const duration = Math.round(applyMs * 10) / 10
  log.info(
    { snapshotId: id, name, hash, seq, applyMs: duration, result, listeners, routes, destinations },
    'snapshot applied',
  )
}

/** One line for a snapshot that does not serve; the problems themselves go to the control plane. */
export function logRefused(log: Logger, { id, hash }: SnapshotIdentity, { problems }: Applied): void {
  const [first] = problems
  log.error({ snapshotId: id, hash, problems: problems.length, first: first?.message }, 'snapshot refused')
}
