import { type ControlPlaneSection, type Logger, parseHostPort, Turnstile } from '@vrata/service'
import { createApp } from './api/app.ts'
import { debugEndpoints } from './api/debug-endpoints.ts'
import { docsEndpoints } from './api/docs/docs-endpoints.ts'
import { entityEndpoints } from './api/entity-endpoints.ts'
import { explainEndpoints } from './api/explain-endpoints.ts'
import { fleetEndpoints } from './api/fleet-endpoints.ts'
import { type RunningServer, startServer } from './api/http-server.ts'
import { probeEndpoints } from './api/probe-endpoints.ts'
import { snapshotEndpoints } from './api/snapshot-endpoints.ts'
import { syncEndpoints } from './api/sync-endpoints.ts'
import { type BuildInfo, versionEndpoints } from './api/version-endpoints.ts'
import { Entities } from './entities/entities.ts'
import { kinds } from './entities/kinds.ts'
import { Fleet, type FleetClock, systemClock } from './fleet/fleet.ts'
import { followActive } from './snapshots/active-follower.ts'
import { SnapshotArchive } from './snapshots/archive.ts'
import { CompiledHashes } from './snapshots/compiled-hashes.ts'
import { referencePorts } from './snapshots/reference-ports.ts'
import type { Store } from './store/store.ts'
import { publishActive } from './stream/publish-active.ts'
import { StreamHub, type StreamTiming, streamTiming } from './stream/stream-hub.ts'

export interface ControlPlaneOptions {
  readonly config: ControlPlaneSection
  /** Opened, and closed, by the caller. */
  readonly store: Store
  readonly log: Logger
  readonly build: BuildInfo
  /** Variables that feed the program's own keys: no reference may read them. */
  readonly sensitiveVariables: ReadonlySet<string>
  readonly env: Readonly<Record<string, string | undefined>>
  /** Tests make streams hurry. */
  readonly timing?: StreamTiming
  /** Tests turn the fleet's clock. */
  readonly clock?: FleetClock
}

/** A control plane that answers; disposing it stops accepting, ends streams, and finishes requests up to the timeout. */
export interface ControlPlane extends AsyncDisposable {
  /** Where the API is bound. */
  readonly address: string
  /** Where the probes are bound, when they have a port of their own. */
  readonly probesAddress: string | undefined
}

/** Opens everything in order; what is open already is closed again when the next thing fails to. */
export async function openControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { config, store, log, timing = streamTiming, clock = systemClock } = options
  await using opened = new AsyncDisposableStack()
  const { node } = await store.status()
  const archive = new SnapshotArchive(store)
  const hub = new StreamHub(timing)
  const fleet = new Fleet({ heartbeatTimeout: config.fleet.heartbeatTimeout, node, clock })
  const stopping = new AbortController()
  const publish = publishActive.bind(undefined, { archive, hub, fleet })
  const following = await followActive({ store, publish, log, signal: stopping.signal })
  opened.defer(async () => {
    stopping.abort()
    await following.ended
  })

  const endpoints = apiEndpoints(options, { archive, hub, fleet })
  const probes =
    config.probes.address === '' ? undefined : await bind(config.probes.address, probeEndpoints(store), options)
  if (probes) opened.defer(() => probes.close(0))
  const server = await bind(config.address, endpoints, options)
  opened.defer(async () => {
    hub.end()
    await server.close(config.shutdownTimeout)
  })
  const closing = opened.move()
  return {
    address: server.address,
    probesAddress: probes?.address,
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}

interface Parts {
  readonly archive: SnapshotArchive
  readonly hub: StreamHub
  readonly fleet: Fleet
}

/** Everything that the main port answers. */
function apiEndpoints(options: ControlPlaneOptions, { archive, hub, fleet }: Parts) {
  const { config, store, log, build, sensitiveVariables, env } = options
  const { bodyBytes } = config.limits
  const { allow: envNames } = config.secrets.env
  const { allow: directories } = config.secrets.file
  const rules = { env: envNames, directories, sensitiveVariables, storePath: config.storePath }
  const references = referencePorts(rules, env)
  const turns = new Turnstile(1) // each takes much memory
  const endpoints = [
    ...kinds.flatMap((kind) => entityEndpoints({ kind, entities: new Entities(store, kind), bodyBytes, log })),
    ...snapshotEndpoints({
      store,
      archive,
      compiled: new CompiledHashes(),
      references,
      turns,
      resend: () => hub.publish(hub.wanted),
      bodyBytes,
      log,
    }),
    ...explainEndpoints({ store, archive, references, turns, bodyBytes }),
    ...fleetEndpoints(fleet),
    ...syncEndpoints({ hub, fleet, bodyBytes, log }),
    ...debugEndpoints(store),
    ...versionEndpoints(build),
    ...probeEndpoints(store),
  ]
  return [...endpoints, ...docsEndpoints(endpoints, build.version)]
}

function bind(
  address: string,
  endpoints: Parameters<typeof createApp>[0]['endpoints'],
  { config, log }: ControlPlaneOptions,
): Promise<RunningServer> {
  const { host, port } = parseHostPort(address) ?? { host: '', port: 0 } // the configuration was checked
  const { requestTimeout, headerTimeout } = config.limits
  const app = createApp({ endpoints, log, allowOrigins: config.cors.allowOrigins })
  return startServer({ host, port, app, requestTimeout, headerTimeout, log })
}
