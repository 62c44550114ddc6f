import { canonicalHost } from '@vrata/routing'

/** Authorities seen lately and what they mean; clients choose them, so it is bounded. */
const known = new Map<string, string>()
const maxKnown = 1024

/** {@link canonicalHost}, remembered: nearly all requests of a connection carry the same authority. */
export function hostOf(authority: string): string | undefined {
  const found = known.get(authority)
  if (found !== undefined) return found
  // A copy: a text that was cut out of a head keeps all of that head alive.
  const text = Buffer.from(authority, 'latin1').toString('latin1')
  const host = canonicalHost(text)
  if (host === undefined) return undefined
  if (known.size >= maxKnown) known.clear()
  known.set(text, host)
  return host
}
