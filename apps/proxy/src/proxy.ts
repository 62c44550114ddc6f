import { setTimeout as wait } from 'node:timers/promises'
import { type Logger, longestDelay, type ProxyConfig, parseHostPort, readMaterial } from '@vrata/service'
import { AdminServer, type AdminSource } from './admin/admin-server.ts'
import { readiness } from './admin/readiness.ts'
import { Serving, type ServingOptions, servingSettings } from './serving.ts'
import type { ControlPlaneAccess } from './sync/control-plane.ts'
import { identityHeaders, proxyIdentity } from './sync/identity.ts'
import { LastGood } from './sync/last-good.ts'
import { Sync } from './sync/sync.ts'
import { ProxyMetrics } from './telemetry/metrics.ts'
import { logLevel, type Traffic } from './traffic.ts'
import { forkWorkers } from './workers/fork.ts'
import { workerCount } from './workers/worker-count.ts'
import { WorkerPool } from './workers/worker-pool.ts'

/**
 * Runs a proxy until `stop` is aborted: opens in order, and closes in reverse, also when something fails to open.
 * Rejects when the configuration cannot be used, the admin address cannot be bound, or no worker can be started.
 *
 * @param workerEntry the program that worker processes run, where the configuration asks for several
 */
export async function runProxy(
  config: ProxyConfig,
  log: Logger,
  version: string,
  stop: AbortSignal,
  workerEntry: string,
): Promise<void> {
  const { proxy } = config
  const identity = proxyIdentity(proxy, proxy.storePath, version)
  const access = accessOf(proxy, identityHeaders(identity))
  const onMistake = (thrown: unknown) => log.error({ err: thrown }, 'unexpected error')
  let draining = false

  await using opened = new AsyncDisposableStack()
  const metrics = new ProxyMetrics(() => ({
    snapshot: traffic.identity,
    controlPlaneConnected: sync.connected,
  }))
  const traffic = opened.use(
    trafficOf(config, workerEntry, {
      log,
      stop,
      onChange: () => sync.stateChanged(),
      onApplied: ({ result, applyMs }) => metrics.applied(result, applyMs),
    }),
  )
  const sync = opened.use(
    new Sync({
      access,
      identity,
      lastGood: new LastGood(proxy.storePath, log),
      running: traffic,
      log,
      reconnectInterval: proxy.reconnectInterval,
      reconnectMax: proxy.reconnectMax,
      signal: stop,
    }),
  )
  const source: AdminSource = {
    readiness: () =>
      readiness({
        running: traffic.identity !== undefined,
        unbound: traffic.state.problems.map(
          ({ entity, message }) => `listener ${entity.name || entity.id}: ${message}`,
        ),
        draining,
        stale: sync.stale,
        workers: traffic.workers,
      }),
    metrics: () => traffic.scrape(metrics.registry),
    config: (full) => traffic.config(full),
    endpoints: () => traffic.endpoints(),
    logLevel: () => log.level,
    setLogLevel: (level) => changeLevel(traffic, level),
  }
  const at = parseHostPort(proxy.admin.address)
  const admin = at === undefined ? undefined : opened.use(await AdminServer.open(at, source, onMistake))
  log.info({ id: identity.id, version, controlPlanes: access.urls }, 'proxy started')
  if (admin !== undefined) log.info({ address: admin.address }, 'listening')

  await traffic.open()
  await sync.run()
  draining = true
  log.info({ preStopDelayMs: proxy.preStopDelay }, 'stopping')
  await wait(Math.min(proxy.preStopDelay, longestDelay))
  await traffic[Symbol.asyncDispose]() // before the rest is closed: the admin endpoints answer while traffic drains
}

interface TrafficOptions extends Omit<ServingOptions, 'shared'> {
  readonly stop: AbortSignal
}

/** Serves in this process, or hands the work to others. */
function trafficOf(config: ProxyConfig, entry: string, options: TrafficOptions): Traffic {
  const count = workerCount(config.proxy.workers)
  const settings = servingSettings(config)
  if (count === 1) return new Serving(settings, { ...options, shared: false })
  return new WorkerPool({ ...options, count, settings, logConfig: config.log, fork: forkWorkers(entry) })
}

function accessOf(proxy: ProxyConfig['proxy'], headers: Readonly<Record<string, string>>): ControlPlaneAccess {
  const { ca, cert, key } = proxy.tls ?? {}
  return {
    urls: proxy.controlPlaneUrl,
    apiKey: proxy.apiKey,
    headers,
    tls: {
      ...(ca === undefined ? {} : { ca: readMaterial(ca, 'proxy.tls.ca') }),
      ...(cert === undefined ? {} : { cert: readMaterial(cert, 'proxy.tls.cert') }),
      ...(key === undefined ? {} : { key: readMaterial(key, 'proxy.tls.key') }),
    },
  }
}

function changeLevel(traffic: Traffic, level: string): boolean {
  const known = logLevel(level)
  if (known === undefined) return false
  traffic.setLogLevel(known)
  return true
}
