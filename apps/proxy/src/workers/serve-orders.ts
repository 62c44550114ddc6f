import type { Problem } from '@vrata/model'
import { messageOf } from '@vrata/service'
import type { OrderMessage, WorkerMessage, WorkerOrders } from './protocol.ts'

/** Tells the parent process that listeners were bound, or not, without an order. */
export function tellState(problems: readonly Problem[]): void {
  send({ kind: 'state', problems })
}

/** Carries out what the parent process orders, until the channel closes. */
export function serveOrders(orders: WorkerOrders): void {
  process.on('message', (message) => void carryOut(orders, message as OrderMessage))
  send({ kind: 'up' })
}

async function carryOut(orders: WorkerOrders, { id, order, args }: OrderMessage): Promise<void> {
  try {
    const method: (...args: never[]) => Promise<unknown> = orders[order]
    send({ kind: 'answer', id, value: await Reflect.apply(method, orders, args) })
  } catch (thrown) {
    send({ kind: 'failed', id, message: messageOf(thrown) })
  }
}

/** A parent that is gone hears nothing; that the channel has closed is noticed where it matters. */
function send(message: WorkerMessage): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined)
}
