import type { Exchange, InFlight } from '../exchange.ts'

/**
 * Counts an exchange as a request in flight at one place, until it ends or is counted at another. However an exchange
 * ends, its count is given back exactly once.
 */
export function countAt(exchange: Exchange, place: InFlight): void {
  const before = exchange.inFlight
  exchange.inFlight = place
  place.count++
  if (before === undefined) exchange.onEnd(release)
  else before.count--
}

function release(exchange: Exchange): void {
  if (exchange.inFlight !== undefined) exchange.inFlight.count--
  exchange.inFlight = undefined
}
