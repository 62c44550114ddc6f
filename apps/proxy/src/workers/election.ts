import type { Problem } from '@vrata/model'
import type { Refusal } from '../activation.ts'
import type { Crew } from './crew.ts'
import { mergeProblems } from './merge-problems.ts'
import type { WorkerLife } from './worker-life.ts'

/** Workers that have all prepared the same snapshot and wait for the word. */
export interface Elected {
  readonly kind: 'elected'
  readonly voters: readonly WorkerLife[]
}

/** How long a snapshot waits for the first worker, and for one that ended over it to be replaced, in milliseconds. */
const firstPatience = 30_000
const replacementPatience = 5_000

/**
 * Lets every worker of the crew prepare a snapshot. If one refuses it, all give it up. If one ends, that may have been
 * by chance, so all are asked once more; the second time it is the snapshot that is blamed.
 *
 * @param id of the snapshot, for problems that no worker has told
 */
export async function elect(crew: Crew, text: string, id: string): Promise<Elected | Refusal> {
  await crew.reaches(1, firstPatience)
  for (let last = false; ; last = true) {
    const voters = [...crew]
    if (voters.length === 0) return refused([workerProblem(id, 'no worker process is there to take the snapshot')])
    const votes = await Promise.all(voters.map(async (worker) => ({ worker, verdict: await worker.prepare(text) })))
    const ready = votes.flatMap(({ worker, verdict }) => (verdict.kind === 'ready' ? [worker] : []))
    if (ready.length === voters.length) return { kind: 'elected', voters }
    await Promise.all(ready.map((worker) => worker.discard()))
    const refusals = votes.flatMap(({ verdict }) => (verdict.kind === 'refused' ? [verdict.problems] : []))
    if (refusals.length > 0) return refused(mergeProblems(refusals))
    if (last) return refused([workerProblem(id, 'a worker process ended while it prepared the snapshot')])
    await crew.reaches(voters.length, replacementPatience)
  }
}

/** A problem of a snapshot that stems from the processes that should serve it. */
export function workerProblem(id: string, message: string): Problem {
  return { entity: { kind: 'snapshot', id }, pointer: '', message, severity: 'error' }
}

function refused(problems: readonly Problem[]): Refusal {
  return { kind: 'refused', problems }
}
