import type { Problem } from '@vrata/model'
import type { LogConfig } from '@vrata/service'
import type { EndpointReport } from '../admin/endpoint-report.ts'
import type { SnapshotCounts } from '../outcome.ts'
import type { ServingSettings } from '../serving.ts'
import type { LogLevel } from '../traffic.ts'
import type { MetricList } from './merge-metrics.ts'

/** What a worker is told first. */
export interface WorkerSettings {
  /** From 1; stands in its log lines. */
  readonly index: number
  readonly log: LogConfig
  readonly serving: ServingSettings
}

/** What a worker thinks of a snapshot that it was asked to prepare. */
export type Verdict = { readonly kind: 'ready' } | { readonly kind: 'refused'; readonly problems: readonly Problem[] }

/** What a worker says after it has begun to serve a snapshot. */
export interface Committed {
  /** Listeners that it could not bind. */
  readonly problems: readonly Problem[]
  readonly counts: SnapshotCounts
}

/**
 * What the parent process can ask of a worker. Everything travels as a message in both directions. A snapshot is taken
 * in two steps, so that all workers change or none: between `prepare` and `commit` or `discard` nothing else about
 * snapshots is asked.
 */
export interface WorkerOrders {
  init(settings: WorkerSettings): Promise<void>
  /** @param text the snapshot document as JSON: a string crosses many times faster than the objects in it */
  prepare(text: string): Promise<Verdict>
  commit(): Promise<Committed>
  discard(): Promise<void>
  /** The configuration that runs, secrets left out. */
  config(): Promise<unknown>
  endpoints(): Promise<readonly EndpointReport[]>
  metrics(): Promise<MetricList>
  logLevel(level: LogLevel): Promise<void>
  /** What session tickets are sealed with from now on: sessions that one worker began go on with any other. */
  ticketSecret(secret: Uint8Array): Promise<void>
  /** Shows that its loop turns. */
  ping(): Promise<{ readonly connections: number }>
  /** Lets all connections end; resolves when none is left. */
  drain(): Promise<void>
}

/** Name of an order. */
export type OrderName = keyof WorkerOrders

/** What the parent sends. */
export interface OrderMessage {
  readonly id: number
  readonly order: OrderName
  readonly args: readonly unknown[]
}

/** What a worker sends. */
export type WorkerMessage =
  /** It can be given orders. */
  | { readonly kind: 'up' }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string }
  /** Listeners that are not bound, after this has changed without an order. */
  | { readonly kind: 'state'; readonly problems: readonly Problem[] }
