import { canonicalHost } from '@vrata/routing'

/** Authorities seen lately and what they mean; clients choose them, so it is bounded. */
const known = new Map<string, string>()
const maxKnown = 1024

/** {@link canonicalHost}, remembered: nearly all requests of a connection carry the same authority. */
export function hostOf(authority: string): string | undefined {
  const found = known.get(authority)
  if (found !== undefined) return found
  const host = canonicalHost(authority)
  if (host === undefined) return undefined
  if (known.size >= maxKnown) known.clear()
  known.set(authority, host)
  return host
}
