import {
  ask,
  type ControlPlaneProgram,
  eventually,
  freePort,
  type ProxyProgram,
  type Scope,
  type SnapshotBuilder,
  startProxy,
} from '@vrata/testkit'

/** A proxy of a fleet on one machine, and the one port that it alone has opened. */
export interface FleetMember {
  readonly proxy: ProxyProgram
  readonly port: number
}

/**
 * Starts `count` proxies of one control plane on this machine. All of them run the same snapshot, so all of them want
 * the same ports; on one machine each port can be opened by one process only. Therefore the snapshot gets a listener
 * for each proxy, and while a new proxy opens its own, the others are stopped (SIGSTOP) and find it taken afterwards.
 * Such a proxy counts as degraded and serves on its own port.
 *
 * `config` has everything but the listeners `edge-0`, `edge-1`, …; a snapshot of it with all of these is active when
 * this resolves.
 */
export async function startFleet(
  scope: Scope,
  plane: ControlPlaneProgram,
  count: number,
  config: SnapshotBuilder,
): Promise<FleetMember[]> {
  const members: FleetMember[] = []
  let listening = config
  for (let n = 0; n < count; n++) {
    const port = await freePort()
    const proxy = await startProxy(scope, { bundled: true, controlPlane: plane.url, name: `edge-${n}` })
    listening = listening.listener(`edge-${n}`, port)
    for (const other of members) process.kill(other.proxy.program.pid, 'SIGSTOP')
    try {
      const { id } = await listening.activate(plane.client, `fleet of ${n + 1}`)
      await proxy.applied(id)
      await eventually(`edge-${n} to serve`, async () => (await ask(`http://127.0.0.1:${port}/`)).status > 0)
      for (const other of members) process.kill(other.proxy.program.pid, 'SIGCONT')
      for (const other of members) await other.proxy.applied(id)
    } finally {
      for (const other of members) if (other.proxy.program.running) process.kill(other.proxy.program.pid, 'SIGCONT')
    }
    members.push({ proxy, port })
  }
  return members
}
