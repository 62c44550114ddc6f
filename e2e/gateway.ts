import type { Client } from '@vrata/client'
import {
  type ControlPlaneProgram,
  eventually,
  freePort,
  type ProxyProgram,
  type Scope,
  type SnapshotBuilder,
  type StartOptions,
  snapshot,
  startControlPlane,
  startProxy,
} from '@vrata/testkit'

/** A control plane, a proxy, and a port for the listener that most scenarios have. */
export interface Gateway {
  readonly plane: ControlPlaneProgram
  readonly client: Client
  readonly proxy: ProxyProgram
  /** Free, and meant for a listener called `web`. */
  readonly port: number
  /** Where that listener answers. */
  readonly url: string
  /** A configuration with the listener `web` on `port`. */
  readonly base: SnapshotBuilder
  /** Stages, captures, activates, and waits until the proxy has applied it; the snapshot's id. */
  activate(config: SnapshotBuilder, name?: string): Promise<string>
  /** Waits until the fleet says that the proxy runs this snapshot: then it is on the proxy's disk as well. */
  acknowledged(id: string): Promise<void>
  /** Activates a snapshot that exists and waits until the proxy has applied it. */
  activateAgain(id: string): Promise<void>
}

/** How a gateway differs from one control plane with one proxy. */
export interface GatewayOptions {
  readonly plane?: StartOptions
  readonly proxy?: StartOptions
}

/** Starts real processes; gone when the scope ends. */
export async function startGateway(scope: Scope, options: GatewayOptions = {}): Promise<Gateway> {
  const plane = await startControlPlane(scope, options.plane)
  const proxy = await startProxy(scope, { ...options.proxy, controlPlane: plane.url })
  const port = await freePort()
  const { client } = plane
  const activateAgain = async (id: string): Promise<void> => {
    await client.snapshots.activate(id)
    await proxy.applied(id)
  }
  return {
    plane,
    client,
    proxy,
    port,
    url: `http://127.0.0.1:${port}`,
    base: snapshot().listener('web', port),
    activateAgain,
    async acknowledged(id) {
      await eventually(`the acknowledgement of ${id}`, async () => {
        const { proxies } = await client.fleet()
        return proxies.some((one) => one.id === proxy.id && one.snapshotId === id && one.state === 'inSync')
      })
    },
    async activate(config, name = 'test') {
      const { id } = await config.capture(client, name)
      await activateAgain(id)
      return id
    },
  }
}
