import assert from 'node:assert/strict'
import type { Problem, SnapshotDocument } from '@vrata/model'
import { fakeClock, own, type Scope, snapshot } from '@vrata/testkit'
import type { Applied } from '../outcome.ts'
import type { Verdict } from '../workers/protocol.ts'
import { WorkerPool } from '../workers/worker-pool.ts'
import { fakeWorkers } from './fake-workers.ts'
import { documentOf, recordingLogger } from './in-process.ts'

/** A pool of two workers without processes, on a clock that the test moves. */
export function makePool(t: Scope, count = 2) {
  const workers = fakeWorkers()
  const clock = fakeClock()
  const { log, lines } = recordingLogger()
  const applied: Applied[] = []
  const told: Applied['result'][] = []
  const pool = new WorkerPool({
    count,
    fork: workers.fork,
    settings: { celBodyMaxSize: 0, streamDrain: 0, sessionStore: undefined },
    logConfig: { format: 'json', level: 'info' },
    log,
    stop: new AbortController().signal,
    clock,
    onChange: () => told.push(pool.state.result),
    onApplied: (outcome) => applied.push(outcome),
  })
  own(t, async () => {
    await pool[Symbol.asyncDispose]()
    assert.equal(clock.waiting, 0, 'timers that are left behind')
  })
  return { pool, workers, clock, lines, applied, told }
}

/** Lets everything happen that waits for nothing but its turn. */
export async function turns(): Promise<void> {
  for (let n = 0; n < 20; n++) await new Promise((resolve) => setImmediate(resolve))
}

/** Some snapshot, another one each time. */
export function anyDocument(): SnapshotDocument {
  return documentOf(snapshot().respond('r', '/', 'x').config)
}

/** What a worker does that refuses every snapshot for these reasons. */
export function refusing(...problems: Problem[]) {
  return { prepare: async (): Promise<Verdict> => ({ kind: 'refused', problems }) }
}

/** A reason. */
export const broken: Problem = {
  entity: { kind: 'route', id: 'r' },
  pointer: '/match',
  message: 'no',
  severity: 'error',
}
