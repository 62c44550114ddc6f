import { once } from 'node:events'
import type { WorkerOrders } from './protocol.ts'
import { serveOrders } from './serve-orders.ts'

/**
 * Runs a worker until its channel to the parent process closes, however that comes about, and disposes it: a worker
 * outlives its parent by no more than what its connections may take to drain.
 *
 * Signals that ask for an end are left to the parent: they often reach all processes of a program at one time, and only
 * the parent knows when draining may begin.
 */
export async function runWorker(worker: WorkerOrders & AsyncDisposable): Promise<void> {
  if (process.send === undefined) throw new Error('a worker is started by the proxy, not by hand')
  process.on('SIGTERM', () => undefined)
  process.on('SIGINT', () => undefined)
  const closed = once(process, 'disconnect')
  serveOrders(worker)
  if (process.connected) await closed
  await worker[Symbol.asyncDispose]()
}
