import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ApiError } from '@vrata/client'
import {
  type ControlPlaneProgram,
  eventually,
  freePort,
  isFree,
  type SnapshotBuilder,
  snapshot,
  startControlPlane,
  startProxy,
} from '@vrata/testkit'
import { pinnedTo } from '../machine/cores.ts'
import { withDescendants } from '../machine/cpu-time.ts'
import { vrataVersion } from '../machine/programs.ts'
import { manyPrefix, manyRoutes, type Site, type System, tier, Unavailable } from './site.ts'

/** Routes of the table `costly`: enough that a request spends far more time on them than on anything else. */
const costlyRoutes = 2_000

/** What a request sends to be taken by the last route of the table `costly`. */
export const costlyHeader = { name: 'X-Number', value: String(costlyRoutes - 1) } as const

/** This proxy, from its bundle, with a control plane of its own that has nothing to do while requests are served. */
export const vrata: System = {
  name: 'vrata',
  version: vrataVersion,
  async start(scope, site) {
    const { cores, otherCores, folder, workers } = site
    const controlPlane = join(folder, 'control-plane')
    await mkdir(controlPlane)
    const plane = await startControlPlane(scope, { bundled: true, folder: controlPlane, under: pinnedTo(otherCores) })
    const proxy = await startProxy(scope, {
      bundled: true,
      folder: join(folder, 'proxy'),
      controlPlane: plane.url,
      under: pinnedTo(cores),
      config: workers === 1 ? {} : { proxy: { workers } },
    })
    const pids = [proxy.program.pid]
    const port = await freePort()
    await proxy.applied(await activate(plane, configOf(site, port)))
    await eventually(`vrata to listen on port ${port}`, async () => !(await isFree(port)))
    if (workers > 1) await demandWorkers(pids, workers)
    return { port, pids }
  },
}

/** Captures and activates; what the control plane refuses cannot be measured. */
async function activate(plane: ControlPlaneProgram, config: SnapshotBuilder): Promise<string> {
  try {
    return (await config.activate(plane.client, 'bench')).id
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    throw new Unavailable(`refused: ${error.problems[0]?.message ?? error.message}`, { cause: error })
  }
}

async function demandWorkers(pids: readonly number[], workers: number): Promise<void> {
  const processes = (): number => withDescendants(pids).length
  const look = async (): Promise<boolean> => processes() >= workers
  await eventually('the workers', look, { timeout: 10_000 }).catch(() => {
    throw new Unavailable(`proxy.workers: ${workers} has no effect: ${processes()} process`)
  })
}

function configOf(site: Site, port: number): SnapshotBuilder {
  const base = snapshot().listener('front', port, listenerOf(site)).destination('backend', `127.0.0.1:${site.upstream}`)
  const forward = { destinations: [{ destinationId: 'backend', weight: 100 }] }
  if (site.table === 'bare') return base.forward('all', '/', 'backend')
  if (site.table === 'many') {
    const cel = `request.headers[${JSON.stringify(tier.header.toLowerCase())}] == ${JSON.stringify(tier.value)}`
    return times(manyRoutes, base, (config, n) =>
      config.route(`service-${n}`, { name: `service ${n}`, match: { pathPrefix: manyPrefix(n), cel }, forward }),
    )
  }
  return times(costlyRoutes, base, (config, n) => {
    const cel = `int(request.headers[${JSON.stringify(costlyHeader.name.toLowerCase())}]) == ${n}`
    return config.route(`number-${String(n).padStart(5, '0')}`, { match: { pathPrefix: '/', cel }, forward })
  })
}

function listenerOf({ front, certificate }: Site) {
  if (front === 'http') return {}
  if (certificate === undefined) throw new Unavailable('no certificate')
  const tls = { cert: certificate.cert, key: certificate.key }
  return front === 'h2' ? { tls, http2: true } : { tls }
}

function times(
  count: number,
  config: SnapshotBuilder,
  add: (config: SnapshotBuilder, n: number) => SnapshotBuilder,
): SnapshotBuilder {
  return Array.from({ length: count }, (_, n) => n).reduce(add, config)
}
