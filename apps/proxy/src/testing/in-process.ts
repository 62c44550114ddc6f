import { randomUUID } from 'node:crypto'
import type { SnapshotConfig, SnapshotDocument } from '@vrata/model'
import { createLogger, type Logger } from '@vrata/service'
import { freePort, own, type Scope, type SnapshotBuilder, snapshot } from '@vrata/testkit'
import { Activation, type ActivationOptions, type Applied } from '../activation.ts'
import { backgroundClock, systemClock } from '../clock.ts'
import { SystemResolver } from '../discovery/name-resolver.ts'
import { SocketEngine } from '../listeners/socket-engine.ts'
import { TicketSecret } from '../listeners/tls/ticket-secret.ts'
import type { GatewaySettings } from '../pipeline/gateway.ts'
import { TimerWheel } from '../timer-wheel.ts'

/** A gateway with real sockets inside of the test's process; snapshots are applied directly. */
export interface InProcessProxy {
  readonly activation: Activation
  /** Port of the listener `main`. */
  readonly port: number
  readonly url: string
  /** Lines that were logged, parsed. */
  readonly log: readonly Record<string, unknown>[]
  /** Applies a configuration and gives the outcome. */
  apply(builder: SnapshotBuilder): Promise<Applied>
}

/** What may differ from a gateway without a session store. */
export interface InProcessOptions extends Partial<Omit<ActivationOptions, 'gateway'>> {
  readonly gateway?: Partial<GatewaySettings>
}

/** A logger that keeps its lines for the test. */
export function recordingLogger(): { readonly log: Logger; readonly lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = []
  const write = (line: string) => void lines.push(JSON.parse(line))
  return { log: createLogger({ format: 'json', level: 'debug' }, { write }), lines }
}

/** A snapshot document around a configuration; its hash is as unique as its id. */
export function documentOf(config: SnapshotConfig, seq = 1): SnapshotDocument {
  const id = randomUUID()
  return { id, name: id, createdAt: new Date().toISOString(), hash: `sha256:${id}`, seq, snapshot: config }
}

/**
 * Starts a gateway with the listener `main` on a free port and applies what `configure` adds to it. At the end of the
 * scope it drains.
 */
export async function startInProcess(
  scope: Scope,
  configure: (builder: SnapshotBuilder, port: number) => SnapshotBuilder,
  options: InProcessOptions = {},
): Promise<InProcessProxy> {
  const { log, lines } = recordingLogger()
  const port = await freePort()
  const timers = options.gateway?.timers ?? new TimerWheel(backgroundClock)
  const onMistake = (thrown: unknown) => log.error({ err: thrown }, 'mistake')
  const activation = new Activation({
    engine: (address, at, front) => new SocketEngine(address, at, front, { wheel: timers, log, onMistake }),
    tickets: new TicketSecret(),
    log,
    streamDrain: 600_000,
    onChange: () => undefined,
    onApplied: () => undefined,
    ...options,
    gateway: {
      celBodyMaxSize: 65_536,
      onMistake,
      sessions: undefined,
      timers,
      dns: { resolver: new SystemResolver(), clock: systemClock, log, random: Math.random },
      ...options.gateway,
    },
  })
  own(scope, () => activation[Symbol.asyncDispose]())
  const apply = (builder: SnapshotBuilder) => activation.apply(documentOf(builder.config))
  const applied = await apply(configure(snapshot().listener('main', port, { drainTimeout: '0s' }), port))
  if (applied.result !== 'ok') throw new Error(`not applied: ${JSON.stringify(applied.problems)}`)
  return { activation, port, url: `http://127.0.0.1:${port}`, log: lines, apply }
}
