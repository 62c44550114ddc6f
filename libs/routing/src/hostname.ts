import { isIPv6 } from 'node:net'

/** A host name in lower case: labels of letters, digits, `-` and `_` between dots. */
const plainHost = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/

/** Longest name that DNS can hold, without the dot at its end. */
const longestName = 253

/**
 * The host of a request from its authority (`Host` or `:authority`): lower case, without port and without one trailing
 * dot, IPv6 in brackets and in its shortest form. Undefined when the authority is empty or malformed, which the
 * listeners' guard answers with 400. A port is cut off behind the brackets of IPv6, never inside.
 */
export function canonicalHost(authority: string): string | undefined {
  if (plainHost.test(authority) && authority.length <= longestName) return authority
  const parts = /^(\[[^\]]*\]|[^:[\]]*)(?::(\d{0,5}))?$/.exec(authority)
  const host = parts?.[1]
  if (host === undefined || Number(parts?.[2] ?? 0) > 65_535) return undefined
  if (host.startsWith('[')) return bracketed(host)
  const name = withoutTrailingDot(host.toLowerCase())
  return plainHost.test(name) && name.length <= longestName ? name : undefined
}

function bracketed(host: string): string | undefined {
  const address = host.slice(1, -1)
  if (!isIPv6(address) || address.includes('%')) return undefined
  return new URL(`http://${host}`).hostname
}

function withoutTrailingDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name
}

/** How specific a configured host name is; the matched one orders candidates before anything about their path does. */
export type HostPattern =
  | { readonly kind: 'exact'; readonly host: string }
  /** `suffix` begins with the dot; one or more labels have to stand before it. */
  | { readonly kind: 'wildcard'; readonly suffix: string; readonly labels: number }
  | { readonly kind: 'any' }

/**
 * A host name of a route, group or listener: a name, an address (IPv6 in brackets), `*.suffix` or `*`. Undefined when
 * it is none of these: a `*` elsewhere, a port, a scheme, a character beyond ASCII.
 */
export function parseHostPattern(text: string): HostPattern | undefined {
  if (text === '*') return { kind: 'any' }
  const wildcard = text.startsWith('*.')
  const name = wildcard ? text.slice(2) : text
  if (/:\d*$/.test(name) && !name.endsWith(']')) return undefined
  const host = canonicalHost(name)
  if (host === undefined || (wildcard && host.startsWith('['))) return undefined
  return wildcard ? { kind: 'wildcard', suffix: `.${host}`, labels: host.split('.').length } : { kind: 'exact', host }
}

/** The pattern as it is written, in its normal form. */
export function hostPatternText(pattern: HostPattern): string {
  return pattern.kind === 'any' ? '*' : pattern.kind === 'exact' ? pattern.host : `*${pattern.suffix}`
}

/**
 * Whether a listener with these `hostnames` is meant for a host (in the form of {@link canonicalHost}); an empty list
 * takes every host, a name that is no pattern takes none.
 */
export function compileHostnames(hostnames: readonly string[]): (host: string) => boolean {
  if (hostnames.length === 0) return () => true
  const patterns = hostnames.map(parseHostPattern)
  if (patterns.some((pattern) => pattern?.kind === 'any')) return () => true
  const exact = new Set(patterns.flatMap((pattern) => (pattern?.kind === 'exact' ? [pattern.host] : [])))
  const suffixes = patterns.flatMap((pattern) => (pattern?.kind === 'wildcard' ? [pattern.suffix] : []))
  return (host) => exact.has(host) || suffixes.some((suffix) => host.length > suffix.length && host.endsWith(suffix))
}
