import type { LoadResult } from '../load/result.ts'
import { warmUp } from '../options.ts'
import { ratioOf, spreadOf } from '../report/statistics.ts'
import { percent, short, whole } from '../report/table.ts'
import { costlyHeader, vrata } from '../systems/vrata.ts'
import type { Cell, Lab } from './cell.ts'
import { type Sample, type Setting, startSystem, takeSample, withPrograms } from './sampling.ts'
import { wrk } from './throughput.ts'

interface Row {
  readonly workers: number
  readonly cores: readonly number[]
  readonly port: number
  readonly pids: readonly number[]
  readonly samples: Sample[]
}

/** How much two workers on two cores take, compared with one on one. */
export const workers: Cell = {
  name: 'workers',
  title: 'Two workers against one',
  about:
    'vrata alone, one worker on one core against two on two cores, in turns. From four cores on: GET on a bare route. With ' +
    'fewer there is no core left for load and backend beside two workers; then every request is made costly by its routes ' +
    '(2,000 with the same prefix, told apart by a CEL expression each), so that load and backend need next to nothing.',
  async run(lab) {
    const remarks: string[] = []
    const rows = await withPrograms(remarks, async (scope) => {
      const plan = layout(lab)
      const measured: Row[] = []
      for (const { count, cores } of plan.crews) {
        const setting: Setting = { front: 'http', table: plan.table, webSockets: false, workers: count, cores }
        const running = await startSystem(scope, lab, vrata, setting)
        measured.push({ workers: count, cores, ...running, samples: [] })
      }
      for (const { port } of measured) await load(lab, port, warmUp(lab.options))
      for (let round = 0; round < lab.options.rounds; round++) {
        for (const row of measured) {
          const sample = await takeSample(row.cores, row.pids, () => load(lab, row.port, lab.options.seconds))
          row.samples.push(sample)
          const words = `${row.workers} workers, ${Math.round(sample.rate)} per second`
          lab.say(`round ${round + 1} of ${lab.options.rounds}: ${words}`)
        }
      }
      return measured
    })
    return summary(rows, remarks)
  },
}

/** Which cores one and two workers get, and what they have to do. */
function layout({ cores }: Lab) {
  const [own = 0] = cores.system
  const second = cores.load.at(-1) ?? own
  const roomy = cores.load.length > 2
  return {
    table: roomy ? ('bare' as const) : ('costly' as const),
    crews: [
      { count: 1, cores: [own] },
      { count: 2, cores: [second, own] },
    ],
  }
}

/** The load keeps away from the second worker's core where it has others. */
function load(lab: Lab, port: number, seconds: number): Promise<LoadResult> {
  const { cores } = lab
  const rest = cores.load.length > 2 ? { ...cores, load: cores.load.slice(0, -1) } : cores
  const headers = [`${costlyHeader.name}: ${costlyHeader.value}`]
  return wrk({ ...lab, cores: rest }, { url: `http://127.0.0.1:${port}/`, seconds, headers })
}

function summary(rows: readonly Row[], remarks: readonly string[]) {
  const rates = rows.map(({ samples }) => samples.map(({ rate }) => rate))
  const [one = [], two = []] = rates
  const ratio = ratioOf(two, one)
  return {
    table: {
      columns: ['workers', 'req/s', 'lowest to highest', 'of one worker', 'lowest to highest', 'core time used'],
      rows: rows.map(({ workers: count, samples }, index) => {
        const spread = spreadOf(rates[index] ?? [])
        const ofOne = ratioOf(rates[index] ?? [], one)
        return [
          String(count),
          whole(spread.median),
          `${whole(spread.low)} to ${whole(spread.high)}`,
          ofOne === undefined ? '' : short(ofOne.median),
          ofOne === undefined ? '' : `${short(ofOne.low)} to ${short(ofOne.high)}`,
          percent(spreadOf(samples.map(({ used }) => used)).median),
        ]
      }),
    },
    remarks,
    figures: ratio === undefined ? [] : [{ name: 'workers: two / one', ...ratio }],
    raw: rows,
  }
}
