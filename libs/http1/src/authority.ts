import { isIPv6 } from 'node:net'

/** A host and its port as they stand in Host, in an absolute target or in the target of CONNECT. */
export interface Authority {
  /** As it was written. */
  readonly text: string
  /** In lower case; an IPv6 address keeps its brackets, a closing dot stays. */
  readonly host: string
  /** undefined when none was given. */
  readonly port: number | undefined
}

const maxLength = 262 // 255 of a DNS name, the colon, five digits and one to spare
const form = /^((?:[A-Za-z0-9_-]+\.)*[A-Za-z0-9_-]+\.?|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?$/

/**
 * Takes an authority apart, or gives undefined when it is none. Narrower than RFC 3986: labels of letters, digits,
 * "-" and "_", or an address; no user information, no percent-encoding, no sub-delimiters (a comma here would read as
 * a list in X-Forwarded-Host), no empty port, no zone.
 */
export function parseAuthority(text: string): Authority | undefined {
  if (text.length > maxLength) return undefined
  const found = form.exec(text)
  if (found === null) return undefined
  const [, host = '', digits] = found
  if (host.startsWith('[') && !isIPv6(host.slice(1, -1))) return undefined
  const port = digits === undefined ? undefined : Number(digits)
  if (port !== undefined && port > 65_535) return undefined
  return { text, host: host.toLowerCase(), port }
}

/**
 * Whether Host fits the authority of an absolute target (`scheme` given) or of CONNECT. The default port of a scheme is
 * the same as none; behind CONNECT many clients leave the port out of Host.
 */
export function hostFits(host: Authority, target: Authority, scheme: 'http' | 'https' | undefined): boolean {
  if (host.host !== target.host) return false
  if (scheme === undefined) return host.port === undefined || host.port === target.port
  const defaultPort = scheme === 'http' ? 80 : 443
  return (host.port ?? defaultPort) === (target.port ?? defaultPort)
}
