import { setTimeout as wait } from 'node:timers/promises'
import {
  ask,
  oneConnection,
  type Scope,
  type SnapshotBuilder,
  snapshot,
  startBackend,
  startControlPlane,
} from '@vrata/testkit'
import { percentile, spreadOf } from '../report/statistics.ts'
import { short } from '../report/table.ts'
import type { Cell, Lab } from './cell.ts'
import { startFleet } from './fleet.ts'
import { withPrograms } from './sampling.ts'

/** Routes of the snapshots that are activated. */
const routes = 1_000

/** Proxies that take them. */
const proxies = 3

/** Activations for each round that was asked for. */
const activationsPerRound = 4

/**
 * How long it takes from the call that activates a snapshot until every proxy of a fleet serves it, seen by clients:
 * each proxy is asked every millisecond over a kept connection, and the first new answer stops its clock. The clock starts
 * before the activation is sent, so the call itself is part of the figure. Clients, control plane and proxies share
 * this machine's cores.
 */
export const activation: Cell = {
  name: 'activation',
  title: 'Activation of a snapshot',
  about:
    `${routes.toLocaleString('en-US')} routes, ${proxies} proxies: from the call that activates a snapshot until clients get its answers. ` +
    'Each proxy is asked every millisecond. Nothing is pinned: control plane, proxies and clients share all cores.',
  async run(lab) {
    const remarks: string[] = []
    const { first, last } = await withPrograms(remarks, (scope) => measure(scope, lab))
    return {
      table: {
        columns: ['until it is served by', 'median ms', 'p95 ms', 'highest ms'],
        rows: [
          ['the first proxy', ...percentiles(first)],
          ['all proxies', ...percentiles(last)],
        ],
      },
      remarks,
      figures: [{ name: 'activation: all proxies ms', ...spreadOf(last) }],
      raw: { first, last },
    }
  },
}

function percentiles(milliseconds: readonly number[]): string[] {
  return [50, 95, 100].map((p) => short(percentile(milliseconds, p)))
}

/** Milliseconds of each activation until the first and until the last proxy served it. */
async function measure(scope: Scope, lab: Lab): Promise<{ first: number[]; last: number[] }> {
  const plane = await startControlPlane(scope, { bundled: true })
  const backend = await startBackend(scope)
  const config = manyRoutes(routes - 1, backend.address).respond('version', '/version', '0')
  const members = await startFleet(scope, plane, proxies, config)
  const captured: { id: string; answer: string }[] = []
  for (const answer of ['1', '2']) {
    await plane.client.routes.replace('version', {
      name: 'version',
      match: { pathPrefix: '/version' },
      directResponse: { status: 200, body: answer },
    })
    captured.push({ id: (await plane.client.snapshots.capture(answer)).id, answer })
  }

  const last: number[] = []
  const first: number[] = []
  for (let turn = 0; turn < lab.options.rounds * activationsPerRound; turn++) {
    lab.interrupted.throwIfAborted()
    const next = captured[turn % 2]
    if (next === undefined) throw new Error('two snapshots are activated in turns')
    const began = performance.now()
    const waiting = members.map(({ port }) => untilAnswer(`http://127.0.0.1:${port}/version`, next.answer))
    await plane.client.snapshots.activate(next.id)
    const times = (await Promise.all(waiting)).map((at) => at - began)
    last.push(Math.max(...times))
    first.push(Math.min(...times))
  }
  return { first, last }
}

/** Routes of all kinds, as many as asked for. */
function manyRoutes(count: number, address: string): SnapshotBuilder {
  let config = snapshot().destination('backend', address)
  const forward = { destinations: [{ destinationId: 'backend', weight: 100 }] }
  for (let n = 0; n < count; n++) {
    const name = `route-${n}`
    if (n % 10 < 7) config = config.forward(name, `/service-${n}/api`, 'backend')
    else if (n % 10 < 9) config = config.route(name, { name, match: { path: `/exact/${n}` }, forward })
    else config = config.route(name, { name, match: { pathRegex: `^/item-${n}/[0-9]+$` }, forward })
  }
  return config
}

/** Pause between two questions in milliseconds: the error of the figure. Without it, asking would take the cores. */
const pause = 1

/** Asks again and again until the answer is the wanted one; the moment at which it came. */
async function untilAnswer(url: string, wanted: string): Promise<number> {
  const agent = oneConnection()
  try {
    while ((await ask(url, { agent })).body !== wanted) await wait(pause)
    return performance.now()
  } finally {
    agent.destroy()
  }
}
