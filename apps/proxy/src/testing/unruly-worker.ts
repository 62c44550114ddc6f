import type { Verdict } from '../workers/protocol.ts'
import { runWorker } from '../workers/run-worker.ts'
import { Worker } from '../workers/worker.ts'

/**
 * The program of a worker whose second instance does to a snapshot what the snapshot's name says; everything else is
 * as it is in the real one.
 */
class UnrulyWorker extends Worker {
  override async prepare(text: string): Promise<Verdict> {
    const { name }: { name: string } = JSON.parse(text)
    const verdict = await super.prepare(text)
    if (process.argv[2] !== '2') return verdict
    if (name === 'refused') {
      await super.discard()
      const entity = { kind: 'route', id: 'r' } as const
      return { kind: 'refused', problems: [{ entity, pointer: '', message: 'not by me', severity: 'error' }] }
    }
    if (name === 'deadly') process.kill(process.pid, 'SIGKILL')
    if (name === 'failing') throw new Error('out of ideas')
    return verdict
  }
}

await runWorker(new UnrulyWorker())
