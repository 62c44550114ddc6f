import type { Problem } from '@vrata/model'
import type { OrderName, WorkerOrders } from './protocol.ts'

/** What an order takes and what it gives. */
export type OrderArgs<K extends OrderName> = Parameters<WorkerOrders[K]>
export type OrderAnswer<K extends OrderName> = Awaited<ReturnType<WorkerOrders[K]>>

/** The worker has ended before it answered. */
export class WorkerGone extends Error {
  override readonly name = 'WorkerGone'

  constructor() {
    super('the worker process has ended')
  }
}

/** A worker process as its parent holds it. */
export interface WorkerLink {
  /** Undefined when the process could not be made. */
  readonly pid: number | undefined
  /** Resolves when it can be given orders. */
  readonly up: Promise<void>
  /** Resolves with a sentence about how the process ended. */
  readonly ended: Promise<string>
  /** Gives an order. Rejects with `WorkerGone`, or with what the worker says about why it failed. */
  ask<K extends OrderName>(order: K, ...args: OrderArgs<K>): Promise<OrderAnswer<K>>
  /** Closes the channel: the worker drains if it has not yet, and ends. */
  release(): void
  /** SIGKILL. */
  kill(): void
}

/**
 * Makes a worker process.
 *
 * @param index stands in the list of processes of the system
 * @param onState hears when listeners were bound, or not, without an order
 */
export type Fork = (index: number, onState: (problems: readonly Problem[]) => void) => WorkerLink
