import { isIPv4 } from 'node:net'
import type { Listener, Problem } from '@vrata/model'
import { byId, refOf } from '../kinds.ts'

/**
 * No two listeners may want one socket: the same address and port, or the same port with one of them on a wildcard
 * address that covers the other. The problem stands at the listener with the greater id.
 */
export function checkSockets(listeners: readonly Listener[]): Problem[] {
  const problems: Problem[] = []
  const byPort = Map.groupBy([...listeners].sort(byId), (listener) => listener.port)
  for (const sharing of byPort.values()) {
    for (const [index, listener] of sharing.entries()) {
      const other = sharing.slice(0, index).find((earlier) => overlap(earlier.address, listener.address))
      if (other === undefined) continue
      const same = canonicalAddress(other.address) === canonicalAddress(listener.address)
      problems.push({
        entity: refOf('listener', listener),
        pointer: same ? '/port' : '/address',
        message: `${socket(listener)} cannot be bound beside ${socket(other)} of listener ${JSON.stringify(other.id)}`,
        severity: 'error',
        code: 'listener.conflict',
      })
    }
  }
  return problems
}

function socket({ address, port }: Listener): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/** `::` takes IPv4 connections as well, so it covers everything. */
function overlap(a: string, b: string): boolean {
  const [one, two] = [canonicalAddress(a), canonicalAddress(b)]
  return one === two || covers(one, two) || covers(two, one)
}

function covers(wildcard: string, address: string): boolean {
  return wildcard === '::' || (wildcard === '0.0.0.0' && (isIPv4(address) || address === '::'))
}

/** One spelling for each address (RFC 5952); an IPv4 address inside of IPv6 is that IPv4 address. */
function canonicalAddress(address: string): string {
  if (isIPv4(address) || !address.includes(':')) return address
  const canonical = new URL(`http://[${address.replace(/%.*$/, '')}]/`).hostname.slice(1, -1)
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical) ?? []
  if (high === undefined || low === undefined) return canonical
  const bits = Number.parseInt(high, 16) * 0x10000 + Number.parseInt(low, 16)
  return [bits >>> 24, (bits >>> 16) & 255, (bits >>> 8) & 255, bits & 255].join('.')
}
