import type { Registry } from 'prom-client'
import type { EndpointReport } from './admin/endpoint-report.ts'
import type { SnapshotIdentity } from './pipeline/gateway.ts'
import type { RunningSnapshot } from './sync/sync.ts'

/** Levels that a log can have. */
const logLevels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

/** The level of this name; undefined when there is none. */
export function logLevel(name: string): LogLevel | undefined {
  return logLevels.find((level) => level === name)
}

/** How many processes should serve and how many do. */
export interface WorkerCount {
  readonly wanted: number
  readonly serving: number
}

/** Text of `/metrics`. */
export interface Scrape {
  readonly contentType: string
  readonly body: string
}

/**
 * What serves traffic, as those see it who tell it what to run and who ask how it is: this process itself, or several
 * others. Disposing it drains.
 */
export interface Traffic extends RunningSnapshot, AsyncDisposable {
  /** Undefined before the first snapshot. */
  readonly identity: SnapshotIdentity | undefined
  /** Undefined when this process serves itself. */
  readonly workers: WorkerCount | undefined
  /** To be awaited before the first snapshot. Rejects when it can never serve. */
  open(): Promise<void>
  /** @param own metrics of this process, to be part of the text */
  scrape(own: Registry): Promise<Scrape>
  /** @param full with the configuration, secrets left out */
  config(full: boolean): Promise<unknown>
  endpoints(): Promise<readonly EndpointReport[]>
  setLogLevel(level: LogLevel): void
}
