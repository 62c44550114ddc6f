import { ratioOf, type Spread, spreadOf } from '../report/statistics.ts'
import { percent, short, type Table, whole } from '../report/table.ts'
import { yardstick } from '../systems/systems.ts'
import type { Figure, Outcome } from './cell.ts'
import { ceiling, type Row } from './compare.ts'

/** Below this share of its core a system waited for the load rather than the other way round. */
const full = 0.9

/** More than this share of a core taken by others makes a figure doubtful. */
const quiet = 0.05

const ours = 'vrata'

/** Turns samples into a table, the ratios into figures, and what makes them doubtful into remarks. */
export function summarize(cell: string, unit: string, rows: readonly Row[], remarks: readonly string[]): Outcome {
  const measured = rows.filter(({ samples }) => samples.length > 0)
  const rated = (name: string): readonly number[] => {
    return measured.find(({ system }) => system === name)?.samples.map(({ rate }) => rate) ?? []
  }
  const reference = rated(yardstick)
  const efficient = perSecondOfWork(measured.find(({ system }) => system === yardstick))
  const figures: Figure[] = measured.flatMap(({ system }) => {
    if (system === ours || system === ceiling) return []
    const ratio = ratioOf(rated(ours), rated(system))
    return ratio === undefined ? [] : [{ name: ratioName(cell, system), ...ratio }]
  })
  const columns = columnsOf(unit)
  return {
    table: withoutEmptyColumns({
      columns,
      rows: measured.map((row) => {
        const rates = row.samples.map(({ rate }) => rate)
        const isProxy = row.system !== ceiling
        return [
          row.system,
          rangeOf(spreadOf(rates), whole),
          rangeOf(ratioOf(rates, reference), short),
          isProxy ? rangeOf(ratioOf(rated(ours), rates), short) : '',
          isProxy ? percent(spreadOf(row.samples.map(({ used }) => used)).median) : '',
          isProxy ? middleOf(ratioOf(perSecondOfWork(row), efficient)) : '',
          latencyOf(row, 'p50'),
          latencyOf(row, 'p99'),
          whole(row.samples.reduce((sum, { errors }) => sum + errors, 0)),
        ]
      }),
    }),
    figures,
    remarks: [...remarks, ...doubts(measured)],
    raw: measured,
  }
}

/** Name of the figure "how many times as much as that system we reached". */
export function ratioName(cell: string, system: string): string {
  return `${cell}: ${ours} / ${system}`
}

/** What each round reached for every second that the system spent on its core. */
function perSecondOfWork(row: Row | undefined): number[] {
  return row?.samples.map(({ rate, used }) => (used === 0 ? 0 : rate / used)) ?? []
}

function columnsOf(unit: string): string[] {
  const work = `per core second, of ${yardstick}`
  return ['system', unit, `of ${yardstick}`, `${ours} / it`, 'own core used', work, 'p50 ms', 'p99 ms', 'errors']
}

/** Not every load tells everything. */
function withoutEmptyColumns({ columns, rows }: Table): Table {
  const kept = columns.map((_, column) => column === 0 || rows.some((row) => row[column] !== ''))
  const keep = (row: readonly string[]): string[] => row.filter((_, column) => kept[column])
  return { columns: keep(columns), rows: rows.map(keep) }
}

/** `0.61 (0.58 to 0.64)` */
function rangeOf(spread: Spread | undefined, text: (value: number) => string): string {
  if (spread === undefined) return ''
  const { median, low, high } = spread
  return low === high ? text(median) : `${text(median)} (${text(low)} to ${text(high)})`
}

function middleOf(spread: Spread | undefined): string {
  return spread === undefined ? '' : short(spread.median)
}

function latencyOf({ samples }: Row, p: 'p50' | 'p99'): string {
  const values = samples.flatMap(({ latency }) => (latency === undefined ? [] : [latency[p]]))
  return values.length === 0 ? '' : short(spreadOf(values).median)
}

function doubts(rows: readonly Row[]): string[] {
  const proxies = rows.filter(({ system }) => system !== ceiling)
  const starved = proxies.flatMap(({ system, samples }) => {
    const used = spreadOf(samples.map((sample) => sample.used)).median
    return used < full ? [`${system} (${percent(used)})`] : []
  })
  const disturbed = Math.max(0, ...proxies.flatMap(({ samples }) => samples.map((sample) => sample.disturbed)))
  return [
    ...(starved.length === 0
      ? []
      : [
          `Not at their limit, because load and backend were at theirs or others took the core: ${starved.join(', ')}. ` +
            'What is done per core second says more about these.',
        ]),
    ...(disturbed <= quiet ? [] : [`Other programs took up to ${percent(disturbed)} of the core of the systems.`]),
  ]
}
