import { pacedCommand } from '../load/own-loads.ts'
import { runTool } from '../load/run-tool.ts'
import { warmUp } from '../options.ts'
import { type Spread, spreadOf } from '../report/statistics.ts'
import { short, whole } from '../report/table.ts'
import { Unavailable } from '../systems/site.ts'
import type { Cell, Lab } from './cell.ts'
import { firstLine, startSystem, withPrograms } from './sampling.ts'
import { wrk } from './throughput.ts'

/** Latencies of one run at a fixed rate, in milliseconds. */
interface Paced {
  readonly p50: number
  readonly p99: number
  readonly errors: number
}

/** One round: through the system, and past it at the same rate right after. */
interface Pair {
  readonly through: Paced
  readonly direct: Paced
}

interface Row {
  readonly system: string
  /** Requests per second at saturation. */
  readonly saturation: number
  /** Requests per second that were asked for. */
  readonly rate: number
  readonly pairs: readonly Pair[]
}

/** What a proxy adds to the time of an answer while it has half of what it can take. */
export const latency: Cell = {
  name: 'latency',
  title: 'Added latency at half of saturation',
  about:
    'GET, answers of 1 KB on a bare route. First wrk finds out how much a system can take; then a paced client sends half ' +
    'of that at a steady rate, by turns through the system and straight to the backend. Times count from the moment at ' +
    'which a request was due. What is added is the difference of the two percentiles of a round.',
  async run(lab) {
    const remarks: string[] = []
    const rows: Row[] = []
    for (const system of lab.systems) {
      try {
        const row = await withPrograms(remarks, async (scope) => {
          const { port } = await startSystem(scope, lab, system, { front: 'http', table: 'bare', webSockets: false })
          return measure(lab, system.name, port)
        })
        rows.push(row)
      } catch (error) {
        lab.interrupted.throwIfAborted()
        remarks.push(`${system.name}: ${error instanceof Unavailable ? '' : 'failed: '}${firstLine(error)}.`)
      }
    }
    return {
      table: {
        columns: [
          'system',
          'saturation req/s',
          'asked req/s',
          'p50 added ms',
          'p99 added ms',
          'lowest to highest',
          'p99 ms',
          'p99 ms, no proxy',
        ],
        rows: rows.map((row) => {
          const p99 = added(row, 'p99')
          return [
            row.system,
            whole(row.saturation),
            whole(row.rate),
            short(added(row, 'p50').median),
            short(p99.median),
            `${short(p99.low)} to ${short(p99.high)}`,
            short(spreadOf(row.pairs.map(({ through }) => through.p99)).median),
            short(directP99(row)),
          ]
        }),
      },
      remarks: [...remarks, ...rows.flatMap(doubts)],
      figures: rows.map((row) => ({ name: `latency: ${row.system} p99 added ms`, ...added(row, 'p99') })),
      raw: rows,
    }
  },
}

async function measure(lab: Lab, system: string, port: number): Promise<Row> {
  const { rounds, seconds } = lab.options
  const url = `http://127.0.0.1:${port}/`
  await wrk(lab, { url, seconds: warmUp(lab.options) })
  const saturation = (await wrk(lab, { url, seconds })).rate
  const rate = Math.max(1, Math.round(saturation / 2))
  const pairs: Pair[] = []
  for (let round = 0; round < rounds; round++) {
    const through = await paced(lab, port, rate)
    const direct = await paced(lab, lab.backends.http, rate)
    pairs.push({ through, direct })
    const words = `p99 ${short(through.p99)} ms, without it ${short(direct.p99)} ms`
    lab.say(`round ${round + 1} of ${rounds}: ${system} at ${rate} per second: ${words}`)
  }
  return { system, saturation, rate, pairs }
}

async function paced(lab: Lab, port: number, rate: number): Promise<Paced> {
  const { seconds, connections } = lab.options
  const command = pacedCommand({ port, path: '/', rate, seconds, connections })
  const { last } = await runTool({ command, seconds, cores: lab.cores.load, interrupted: lab.interrupted })
  const { p50, p99, errors } = last
  if (typeof p50 !== 'number' || typeof p99 !== 'number') throw new Error('no request was answered')
  return { p50, p99, errors: Number(errors) }
}

function added({ pairs }: Row, p: 'p50' | 'p99'): Spread {
  return spreadOf(pairs.map(({ through, direct }) => through[p] - direct[p]))
}

function directP99({ pairs }: Row): number {
  return spreadOf(pairs.map(({ direct }) => direct.p99)).median
}

/** Milliseconds at the 99th percentile without any proxy from which on the load itself is the slow part. */
const lateLoad = 1

function doubts(row: Row): string[] {
  const errors = row.pairs.reduce((sum, { through }) => sum + through.errors, 0)
  const late = directP99(row)
  return [
    ...(errors === 0 ? [] : [`${row.system}: ${errors} requests at the fixed rate were not answered.`]),
    ...(late <= lateLoad
      ? []
      : [
          `${row.system}: at this rate load and backend are late by themselves (p99 ${short(late)} ms), ` +
            'so what the proxy adds is uncertain.',
        ]),
  ]
}
