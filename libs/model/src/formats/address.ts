import { isIP, isIPv6 } from 'node:net'
import type { z } from 'zod'
import { unlessReference } from './secret-reference.ts'
import { type Finding, quote, text } from './text.ts'

const label = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/

/** An IP address. IPv6 may stand in brackets; it is read without them. */
export function ipAddress(): z.ZodString {
  return text((value) =>
    isIP(withoutBrackets(value))
      ? undefined
      : { message: `${quote(value)} is not an IP address`, code: 'address.invalid' },
  ).overwrite(withoutBrackets)
}

/** An IP address or the name of a host, read in lower case and without the brackets of IPv6. */
export function hostAddress(): z.ZodString {
  return text((value) => {
    const host = withoutBrackets(value)
    if (isIP(host) || isHostName(plain(host))) return undefined // a dot at the end makes a DNS name absolute
    return {
      message: `${quote(value)} is neither an IP address nor a host name`,
      code: 'host.invalid',
      suggestion: hostWithin(value),
    }
  }).overwrite(unlessReference((value) => withoutBrackets(value).toLowerCase()))
}

/** A network such as `10.0.0.0/8` or `2001:db8::/32`. */
export function cidr(): z.ZodString {
  return text(checkCidr)
}

function checkCidr(value: string): Finding | undefined {
  const slash = value.lastIndexOf('/')
  const address = slash < 0 ? value : value.slice(0, slash)
  const length = slash < 0 ? '' : value.slice(slash + 1)
  const bits = isIP(address) === 0 ? 0 : isIPv6(address) ? 128 : 32
  if (bits > 0 && /^(?:0|[1-9][0-9]{0,2})$/.test(length) && Number(length) <= bits) return undefined
  const suggestion = bits > 0 && slash < 0 ? `${address}/${bits}` : undefined
  return { message: `${quote(value)} is not a network in CIDR notation`, code: 'cidr.invalid', suggestion }
}

/**
 * A host pattern of a route or listener: a name, an IP address (IPv6 in brackets), `*.suffix` or `*`. Read in lower
 * case and without a dot at its end.
 */
export function hostnamePattern(): z.ZodString {
  return text(checkHostnamePattern).overwrite(unlessReference(plain))
}

function checkHostnamePattern(value: string): Finding | undefined {
  const host = plain(value)
  const name = host.startsWith('*.') ? host.slice(2) : host
  if (host === '*' || isHostName(name) || (name === host && isAddressInHost(host))) return undefined
  return {
    message: `${quote(value)} is not a host name, "*.suffix" or "*"`,
    code: 'hostname.invalid',
    suggestion: hostWithin(value),
  }
}

/** A host with an optional port, as in a `Host` header or a URL. */
export function authority(): z.ZodString {
  return text((value) =>
    splitAuthority(value)
      ? undefined
      : { message: `${quote(value)} is not a host with an optional port`, code: 'host.invalid' },
  )
}

/** Host and port of an authority, or undefined when the text is none. IPv6 keeps its brackets. */
export function splitAuthority(
  value: string,
): { readonly host: string; readonly port: number | undefined } | undefined {
  const match = /^(\[[^\]]*\]|[^:[\]]+)(?::([0-9]{1,5}))?$/.exec(value)
  const host = match?.[1]?.toLowerCase()
  const port = match?.[2] === undefined ? undefined : Number(match[2])
  if (host === undefined || !(isHostName(plain(host)) || isAddressInHost(host))) return undefined
  if (port !== undefined && (port < 1 || port > 65535)) return undefined
  return { host, port }
}

function plain(host: string): string {
  const lower = host.toLowerCase()
  return lower.endsWith('.') && lower !== '*.' ? lower.slice(0, -1) : lower
}

function isAddressInHost(host: string): boolean {
  if (host.startsWith('[') && host.endsWith(']')) return isIPv6(host.slice(1, -1))
  return isIP(host) === 4
}

function isHostName(name: string): boolean {
  // A name that ends in digits alone is read as an IPv4 address by everybody, so it can only be a broken one.
  return name.length <= 253 && !/(?:^|\.)[0-9]+$/.test(name) && name.split('.').every((part) => label.test(part))
}

/** The host inside of a URL or a host with port: what somebody who wrote one of these meant. */
function hostWithin(value: string): string | undefined {
  const host = splitAuthority(value.replace(/^[a-z][a-z0-9+.-]*:\/\//i, '').replace(/[/?#].*$/s, ''))?.host
  return host === undefined || host === value ? undefined : host
}

function withoutBrackets(value: string): string {
  return value.startsWith('[') && value.endsWith(']') ? value.slice(1, -1) : value
}
