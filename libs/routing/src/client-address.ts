import { BlockList, isIPv4, isIPv6 } from 'node:net'

/** Whether an address, as {@link plainAddress} gives it, belongs to a proxy in front that is believed. */
export type Trust = (address: string) => boolean

/** Compiles `trustedProxies`; networks in CIDR notation or single addresses. */
export function trustOf(networks: readonly string[]): Trust {
  if (networks.length === 0) return () => false
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', bits] = network.split('/')
    const family = isIPv4(address) ? 'ipv4' : 'ipv6'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  return (address) => list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')
}

/** An address without the prefix that dual-stack sockets put before IPv4 and without a zone. */
export function plainAddress(address: string): string {
  const unmapped = address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
  const zone = unmapped.indexOf('%')
  return zone === -1 ? unmapped : unmapped.slice(0, zone)
}

/**
 * The client's address: from the peer leftwards through `X-Forwarded-For` while the address is a trusted proxy; the
 * first one that is not is the client. An entry that is no address ends the walk at the last good one.
 *
 * @param forwardedFor all lines of the header, joined by commas
 */
export function clientAddress(peer: string, forwardedFor: string | undefined, trusts: Trust): string {
  let client = peer
  if (forwardedFor === undefined) return client
  const entries = forwardedFor.split(',')
  for (let at = entries.length - 1; at >= 0 && trusts(client); at--) {
    const address = entryAddress(entries[at] ?? '')
    if (address === undefined) break
    client = address
  }
  return client
}

/** `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:4711`. */
function entryAddress(entry: string): string | undefined {
  const text = entry.trim()
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(text)
  const bare = bracketed?.[1] ?? text.replace(/^([\d.]+):\d+$/, '$1')
  const address = plainAddress(bare)
  return isIPv4(address) || isIPv6(address) ? address : undefined
}
