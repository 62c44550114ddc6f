import { setTimeout as wait } from 'node:timers/promises'
import {
  ask,
  oneConnection,
  ProgramScope,
  type SnapshotBuilder,
  snapshot,
  startBackend,
  startControlPlane,
} from '@vrata/testkit'
import { startFleet } from './fleet.ts'
import { spread } from './statistics.ts'

/** Size of the measurement; `run.ts` uses the defaults. */
export interface ActivationOptions {
  readonly routes?: number
  readonly proxies?: number
  readonly rounds?: number
}

/**
 * How long it takes from the call that activates a snapshot until every proxy of a fleet serves it, seen by clients:
 * each proxy is asked every millisecond over a kept connection, and the first new answer stops its clock. The clock starts
 * before the activation is sent, so the call itself is part of the figure. Clients, control plane and proxies share
 * this machine's cores.
 */
export async function benchActivation({ routes = 1_000, proxies = 3, rounds = 20 }: ActivationOptions = {}) {
  await using scope = new ProgramScope()
  const plane = await startControlPlane(scope)
  const backend = await startBackend(scope)
  const members = await startFleet(
    scope,
    plane,
    proxies,
    manyRoutes(routes - 1, backend.address).respond('version', '/version', '0'),
  )
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
  for (let round = 0; round < rounds; round++) {
    const next = captured[round % 2]
    if (next === undefined) throw new Error('two snapshots are activated in turns')
    const began = performance.now()
    const waiting = members.map(({ port }) => untilAnswer(`http://127.0.0.1:${port}/version`, next.answer))
    await plane.client.snapshots.activate(next.id)
    const times = (await Promise.all(waiting)).map((at) => at - began)
    last.push(Math.max(...times))
    first.push(Math.min(...times))
  }
  console.log(`activation: ${routes} routes, ${proxies} proxies, ${rounds} activations, as clients see it`)
  console.log(`  until the first proxy serves it: ${spread(first)}`)
  console.log(`  until all proxies serve it:      ${spread(last)}`)
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

if (import.meta.main) await benchActivation()
