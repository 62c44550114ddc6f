import { setTimeout as wait } from 'node:timers/promises'
import { residentBytes } from '../machine/cpu-time.ts'
import { slope, spreadOf } from '../report/statistics.ts'
import { percent, short } from '../report/table.ts'
import type { Running } from '../systems/site.ts'
import { vrata } from '../systems/vrata.ts'
import type { Cell, Lab } from './cell.ts'
import { startSystem, withPrograms } from './sampling.ts'
import { wrk } from './throughput.ts'

/** Memory at one moment of the load. */
interface Point {
  readonly seconds: number
  readonly megabytes: number
}

const second = 1_000

/** Whether the proxy's memory grows while it is saturated. */
export const memory: Cell = {
  name: 'memory',
  title: 'Memory under load',
  about:
    'vrata alone, saturated on a bare route for some minutes; its resident memory is read every second. The first quarter, ' +
    'in which heaps and pools find their size, is left out; then the median of the second quarter is compared with that ' +
    'of the last one.',
  async run(lab) {
    const remarks: string[] = []
    const { minutes } = lab.options
    const points = await withPrograms(remarks, async (scope) => {
      const running = await startSystem(scope, lab, vrata, { front: 'http', table: 'bare', webSockets: false })
      return watch(lab, running, Math.max(4, Math.round(minutes * 60)))
    })
    const quarters = points.length / 4
    const early = middle(points.slice(quarters, quarters * 2))
    const late = middle(points.slice(-quarters))
    const growth = late / early - 1
    const perMinute = slope(points.slice(quarters).map(({ seconds, megabytes }) => [seconds / 60, megabytes] as const))
    const figure = { median: growth * 100, low: growth * 100, high: growth * 100 }
    return {
      table: {
        columns: ['minutes', 'MB at first', 'MB, second quarter', 'MB, last quarter', 'growth', 'MB per minute'],
        rows: [
          [
            short(minutes),
            short(points[0]?.megabytes ?? Number.NaN),
            short(early),
            short(late),
            percent(growth),
            short(perMinute),
          ],
        ],
      },
      remarks,
      figures: [{ name: 'memory: growth in percent', ...figure }],
      raw: points,
    }
  },
}

async function watch(lab: Lab, { port, pids }: Running, seconds: number): Promise<Point[]> {
  const points: Point[] = []
  const began = performance.now()
  const stopped = new AbortController()
  const look = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      points.push({ seconds: (performance.now() - began) / second, megabytes: residentBytes(pids) / 1024 / 1024 })
      await wait(second)
    }
  }
  const looking = look()
  try {
    lab.say(`saturated for ${seconds} seconds`)
    await wrk(lab, { url: `http://127.0.0.1:${port}/`, seconds })
  } finally {
    stopped.abort()
    await looking
  }
  return points
}

function middle(points: readonly Point[]): number {
  return spreadOf(points.map(({ megabytes }) => megabytes)).median
}
