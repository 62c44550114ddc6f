import type { SnapshotDocument } from '@vrata/model'
import { type Logger, type ProxyConfig, setLogLevel } from '@vrata/service'
import { Registry } from 'prom-client'
import { Activation } from './activation.ts'
import { type EndpointReport, endpointReport } from './admin/endpoint-report.ts'
import { runningConfig } from './admin/running-config.ts'
import { backgroundClock, systemClock } from './clock.ts'
import { SystemResolver } from './discovery/name-resolver.ts'
import { SocketEngine } from './listeners/socket-engine.ts'
import { TicketRotation, TicketSecret } from './listeners/tls/ticket-secret.ts'
import type { Applied } from './outcome.ts'
import type { SnapshotIdentity } from './pipeline/gateway.ts'
import { GuardedStore } from './sessions/guarded-store.ts'
import { RedisBackend } from './sessions/redis-backend.ts'
import { redisSettings } from './sessions/redis-settings.ts'
import { trafficMetrics } from './telemetry/traffic-metrics.ts'
import { TimerWheel } from './timer-wheel.ts'
import type { LogLevel, Scrape, Traffic } from './traffic.ts'

/** How long the start may wait until it is known whether the session store can be used, in milliseconds. */
const sessionStoreStart = 1_000

/** What serving needs of the configuration file. It crosses the border between processes: data alone. */
export interface ServingSettings {
  readonly celBodyMaxSize: number
  readonly streamDrain: number
  readonly sessionStore: ProxyConfig['sessionStore']
}

/** How a process that serves stands to the others. */
export interface ServingOptions {
  readonly log: Logger
  /** Whether other processes listen on the same ports, each with a share of the connections. */
  readonly shared: boolean
  /** See `ActivationOptions`. */
  readonly onChange: () => void
  readonly onApplied: (applied: Applied) => void
}

/** Takes the settings out of the configuration. */
export function servingSettings({ proxy, sessionStore }: ProxyConfig): ServingSettings {
  return { celBodyMaxSize: proxy.celBodyMaxSize, streamDrain: proxy.streamDrain, sessionStore }
}

/** Everything that serves traffic in one process. */
export class Serving implements Traffic {
  readonly activation: Activation
  /** Metrics of traffic alone, without those of the process. */
  readonly metrics: Registry
  readonly workers = undefined
  readonly #sessions: GuardedStore | undefined
  readonly #log: Logger
  readonly #tickets = new TicketSecret()
  readonly #rotation: TicketRotation | undefined
  #closed: Promise<void> | undefined = undefined

  constructor({ celBodyMaxSize, streamDrain, sessionStore }: ServingSettings, options: ServingOptions) {
    const { log, shared, onChange, onApplied } = options
    const sessions = sessionStoreOf(sessionStore, log)
    this.#sessions = sessions
    this.#log = log
    const tickets = this.#tickets
    // Where there are other processes, somebody makes secrets for all of them.
    this.#rotation = shared ? undefined : new TicketRotation(backgroundClock, (secret) => tickets.replace(secret))
    const timers = new TimerWheel(backgroundClock)
    const onMistake = (thrown: unknown) => log.error({ err: thrown }, 'unexpected error')
    this.activation = new Activation({
      gateway: {
        celBodyMaxSize,
        onMistake,
        sessions,
        timers,
        dns: { resolver: new SystemResolver(), clock: systemClock, log, random: Math.random },
      },
      engine: (address, port, front) =>
        new SocketEngine(address, port, front, { wheel: timers, log, reusePort: shared, onMistake }),
      tickets,
      log,
      streamDrain,
      onChange,
      onApplied,
    })
    const { listeners } = this.activation
    this.metrics = trafficMetrics({
      get tunnels() {
        return listeners.tunnels
      },
      get listeners() {
        return listeners.reports
      },
      get paths() {
        return listeners.paths
      },
      sessionStoreUp: sessions === undefined ? undefined : () => sessions.state === 'up',
    })
  }

  get identity(): SnapshotIdentity | undefined {
    return this.activation.gateway?.identity
  }

  get state(): Pick<Applied, 'result' | 'problems'> {
    return this.activation.state
  }

  get connections(): number {
    return this.activation.listeners.connections
  }

  /** Traffic begins with the first snapshot: by then pinned clients are to be found where they were. */
  async open(): Promise<void> {
    await this.#sessions?.open(sessionStoreStart)
  }

  apply(document: SnapshotDocument): Promise<Applied> {
    return this.activation.apply(document)
  }

  async scrape(own: Registry): Promise<Scrape> {
    const all = Registry.merge([own, this.metrics])
    return { contentType: all.contentType, body: await all.metrics() }
  }

  async config(full: boolean): Promise<unknown> {
    const { gateway, counts } = this.activation
    if (gateway === undefined) return { snapshot: null }
    const summary = { snapshot: gateway.identity, counts }
    return full ? { ...summary, config: runningConfig(gateway.snapshot) } : summary
  }

  async endpoints(): Promise<readonly EndpointReport[]> {
    return endpointReport(this.activation.gateway)
  }

  /** From now on session tickets are those of this secret. */
  useTicketSecret(secret: Uint8Array): void {
    this.#tickets.replace(secret)
  }

  setLogLevel(level: LogLevel): void {
    setLogLevel(this.#log, level)
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    this.#rotation?.[Symbol.dispose]()
    await this.activation[Symbol.asyncDispose]()
    this.#sessions?.[Symbol.dispose]()
  }
}

/** Where sticky choices are kept, not connected yet; undefined when the configuration names no store. */
function sessionStoreOf(config: ProxyConfig['sessionStore'], log: Logger): GuardedStore | undefined {
  if (config?.type !== 'redis' || config.redis === undefined) return undefined
  const backend = new RedisBackend(redisSettings(config.redis))
  return new GuardedStore({ backend, patience: config.timeout, clock: systemClock, log })
}
