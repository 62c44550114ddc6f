import { setTimeout as wait } from 'node:timers/promises'
import type { Scope } from '@vrata/testkit'
import type { LoadResult } from '../load/result.ts'
import { warmUp } from '../options.ts'
import { Unavailable } from '../systems/site.ts'
import type { Lab } from './cell.ts'
import { firstLine, type Sample, type Setting, startSystem, takeSample } from './sampling.ts'

/** All samples of one system, in the order of the rounds. */
export interface Row {
  readonly system: string
  readonly samples: readonly Sample[]
}

/** A comparison of all systems under one load. */
export interface Comparison {
  readonly setting: Setting
  /** Port of the backend for load that goes past the systems. */
  readonly direct: number
  /** Throws when the answer is not what it should be. Called once for each system. */
  readonly probe: (port: number) => Promise<void>
  readonly load: (port: number, seconds: number) => Promise<LoadResult>
}

/** Name of the row that shows what load and backend can do by themselves. */
export const ceiling = 'no proxy'

interface Contestant {
  readonly system: string
  readonly port: number
  readonly pids: readonly number[]
  readonly samples: Sample[]
}

/**
 * Starts all systems, then measures them in turns, round after round, each round beginning with another one. All run
 * all the time; those that have no turn have nothing to do. Who cannot take part, or fails on the way, is left out with a
 * remark.
 */
export async function compare(lab: Lab, scope: Scope, comparison: Comparison, remarks: string[]): Promise<Row[]> {
  const { options, cores } = lab
  let contestants = await start(lab, scope, comparison, remarks)
  for (let round = 0; round < options.rounds; round++) {
    const first = round % contestants.length
    for (const contestant of [...contestants.slice(first), ...contestants.slice(0, first)]) {
      const { system, port, pids, samples } = contestant
      try {
        const load = (): Promise<LoadResult> => comparison.load(port, options.seconds)
        const sample = await takeSample(cores.system, pids, load)
        samples.push(sample)
        lab.say(`round ${round + 1} of ${options.rounds}: ${system} ${Math.round(sample.rate)} per second`)
      } catch (error) {
        lab.interrupted.throwIfAborted()
        remarks.push(`${system}: failed in round ${round + 1}: ${firstLine(error)}.`)
        contestants = contestants.filter((one) => one !== contestant)
      }
    }
  }
  return contestants
}

/** Starts everybody and lets each take the load for a moment, which also makes compilers do their work. */
async function start(lab: Lab, scope: Scope, comparison: Comparison, remarks: string[]): Promise<Contestant[]> {
  const contestants: Contestant[] = []
  const enter = async (system: string, begin: () => Promise<Pick<Contestant, 'port' | 'pids'>>): Promise<void> => {
    try {
      const { port, pids } = await begin()
      await comparison.probe(port)
      await comparison.load(port, warmUp(lab.options))
      contestants.push({ system, port, pids, samples: [] })
      lab.say(`${system} is ready`)
    } catch (error) {
      lab.interrupted.throwIfAborted()
      remarks.push(`${system}: ${error instanceof Unavailable ? '' : 'failed: '}${firstLine(error)}.`)
    }
    await wait(100) // what the load left behind settles: connections close, garbage is collected
  }
  await enter(ceiling, async () => ({ port: comparison.direct, pids: [] }))
  for (const system of lab.systems) await enter(system.name, () => startSystem(scope, lab, system, comparison.setting))
  return contestants
}
