import { setTimeout as wait } from 'node:timers/promises'
import { type Logger, type ProxyConfig, parseHostPort, readMaterial, setLogLevel } from '@vrata/service'
import { Activation } from './activation.ts'
import { AdminServer, type AdminSource } from './admin/admin-server.ts'
import { publicConfig } from './admin/public-config.ts'
import { readiness } from './admin/readiness.ts'
import { NodeHttpEngine } from './listeners/node-http/engine.ts'
import type { ControlPlaneAccess } from './sync/control-plane.ts'
import { identityHeaders, proxyIdentity } from './sync/identity.ts'
import { LastGood } from './sync/last-good.ts'
import { Sync } from './sync/sync.ts'
import { ProxyMetrics } from './telemetry/metrics.ts'

const logLevels = ['debug', 'info', 'warn', 'error'] as const

/**
 * Runs a proxy until `stop` is aborted: opens in order, and closes in reverse, also when something fails to open.
 * Rejects when the configuration cannot be used or the admin address cannot be bound.
 */
export async function runProxy(config: ProxyConfig, log: Logger, version: string, stop: AbortSignal): Promise<void> {
  const { proxy } = config
  if (proxy.workers !== 1) throw new Error(`proxy.workers is ${proxy.workers}, but this version serves with one worker`)
  const identity = proxyIdentity(proxy, proxy.storePath, version)
  const access = accessOf(proxy, identityHeaders(identity))
  const onMistake = (thrown: unknown) => log.error({ err: thrown }, 'unexpected error')
  let draining = false

  await using opened = new AsyncDisposableStack()
  const metrics = new ProxyMetrics(() => ({
    snapshot: activation.gateway?.identity,
    controlPlaneConnected: sync.connected,
    tunnels: activation.listeners.tunnels,
  }))
  const activation = opened.use(
    new Activation({
      gateway: { celBodyMaxSize: proxy.celBodyMaxSize, onMistake },
      engine: (address, port, front) => new NodeHttpEngine(address, port, front),
      log,
      streamDrain: proxy.streamDrain,
      onChange: () => sync.stateChanged(),
      onApplied: ({ result, applyMs }) => metrics.applied(result, applyMs),
    }),
  )
  const sync = opened.use(
    new Sync({
      access,
      identity,
      lastGood: new LastGood(proxy.storePath, log),
      running: {
        get identity() {
          return activation.gateway?.identity
        },
        get state() {
          return activation.state
        },
        get connections() {
          return activation.listeners.connections
        },
        apply: (document) => activation.apply(document),
      },
      log,
      reconnectInterval: proxy.reconnectInterval,
      reconnectMax: proxy.reconnectMax,
      signal: stop,
    }),
  )
  const source: AdminSource = {
    readiness: () =>
      readiness({
        running: activation.gateway !== undefined,
        unbound: activation.state.problems.map(
          ({ entity, message }) => `listener ${entity.name || entity.id}: ${message}`,
        ),
        draining,
        stale: sync.stale,
      }),
    metrics: () => metrics.text(),
    config: (full) => runningConfig(activation, full),
    endpoints: () => endpointsOf(activation),
    logLevel: () => log.level,
    setLogLevel: (level) => changeLevel(log, level),
  }
  const at = parseHostPort(proxy.admin.address)
  const admin = at === undefined ? undefined : opened.use(await AdminServer.open(at, source, onMistake))
  log.info({ id: identity.id, version, controlPlanes: access.urls }, 'proxy started')
  if (admin !== undefined) log.info({ address: admin.address }, 'listening')

  await sync.run()
  draining = true
  log.info({ preStopDelayMs: proxy.preStopDelay }, 'stopping')
  await wait(proxy.preStopDelay)
  await activation[Symbol.asyncDispose]() // before the rest is closed: the admin endpoints answer while traffic drains
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

function runningConfig({ gateway }: Activation, full: boolean): unknown {
  if (gateway === undefined) return { snapshot: null }
  const { identity, snapshot } = gateway
  const { listeners, destinations, middlewares, table } = snapshot
  const counts = {
    listeners: listeners.size,
    routes: table.entries.length,
    destinations: destinations.size,
    middlewares: middlewares.size,
  }
  const summary = { snapshot: identity, counts }
  if (!full) return summary
  const routes = new Set(table.entries.map(({ route }) => route))
  const groups = new Set(table.entries.flatMap(({ group }) => group ?? []))
  const lists = {
    listeners: [...listeners.values()],
    routes: [...routes],
    groups: [...groups],
    destinations: [...destinations.values()],
    middlewares: [...middlewares.values()],
  }
  return { ...summary, config: publicConfig(lists) }
}

function endpointsOf({ gateway }: Activation): unknown {
  return [...(gateway?.destinations.values() ?? [])].map(({ id, endpoints }) => ({
    destination: id,
    endpoints: endpoints.map(({ address, load }) => ({ address, ...load() })),
  }))
}

function changeLevel(log: Logger, level: string): boolean {
  const known = logLevels.find((one) => one === level)
  if (known === undefined) return false
  setLogLevel(log, known)
  return true
}
