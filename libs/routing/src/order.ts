import type { RouteEntry } from './entry.ts'
import type { HostPattern } from './hostname.ts'

/** An entry under one of its host names: what the order of candidates is about. */
export interface Candidate {
  readonly entry: RouteEntry
  readonly host: HostPattern
}

/**
 * The order in which candidates are asked; the first difference decides, and no two are equal:
 * priority, host name, kind of path, length of path, methods, number of header and query conditions, gRPC, expression,
 * grouped before standalone, then names and ids. How and when anything was stored plays no part.
 */
export function compareCandidates(a: Candidate, b: Candidate): number {
  return b.entry.priority - a.entry.priority || compareHosts(a.host, b.host) || compareEntries(a.entry, b.entry)
}

/** Exact names, then wildcards, those with more labels first, then any; names of one sort are equal. */
export function compareHosts(a: HostPattern, b: HostPattern): number {
  return hostOrder(a) - hostOrder(b)
}

function hostOrder(host: HostPattern): number {
  if (host.kind === 'exact') return 0
  return host.kind === 'wildcard' ? 1000 - host.labels : 1000
}

function compareEntries(a: RouteEntry, b: RouteEntry): number {
  return (
    kindOrder[a.kind] - kindOrder[b.kind] ||
    pathLength(b) - pathLength(a) ||
    patternLength(b) - patternLength(a) ||
    first(a.conditions.methods, b.conditions.methods) ||
    b.conditions.headers - a.conditions.headers ||
    b.conditions.queryParams - a.conditions.queryParams ||
    first(a.conditions.grpc, b.conditions.grpc) ||
    first(a.conditions.cel, b.conditions.cel) ||
    first(a.group !== undefined, b.group !== undefined) ||
    compareBytes(a.group?.name ?? '', b.group?.name ?? '') ||
    compareBytes(a.group?.id ?? '', b.group?.id ?? '') ||
    a.position - b.position ||
    compareBytes(a.route.name, b.route.name) ||
    compareBytes(a.route.id, b.route.id)
  )
}

/** A route without a path is as unspecific as the prefix `/`. */
const kindOrder = { exact: 0, prefix: 1, any: 1, regex: 2 } as const

/** Of prefixes and of what expressions literally start with. Exact paths that take the same request are equal. */
function pathLength({ pattern }: RouteEntry): number {
  if (pattern.kind === 'prefix') return pattern.prefix.length
  return pattern.kind === 'regex' ? pattern.literal.length : 0
}

function patternLength({ pattern }: RouteEntry): number {
  return pattern.kind === 'regex' ? pattern.source.length : 0
}

function first(a: boolean, b: boolean): number {
  return Number(b) - Number(a)
}

/** Order of two texts by their UTF-8 bytes, which is that of their code points, not of their UTF-16 units. */
export function compareBytes(a: string, b: string): number {
  if (a === b) return 0
  const shared = Math.min(a.length, b.length)
  for (let at = 0; at < shared; at++) {
    const left = a.charCodeAt(at)
    const right = b.charCodeAt(at)
    if (left !== right) return codePointOrder(left) - codePointOrder(right)
  }
  return a.length - b.length
}

/** Surrogates stand for code points beyond all other units. */
function codePointOrder(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}
