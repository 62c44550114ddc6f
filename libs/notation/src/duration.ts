/** Milliseconds in one unit of Go's duration notation (both code points that people type for micro are accepted). */
const units: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  '\u00b5s': 1e-3,
  '\u03bcs': 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

/** Go counts a duration in a signed 64-bit number of nanoseconds; about 292 years. */
const longestMs = 2 ** 63 / 1e6

/** Longer texts are not looked at: nobody writes them, and a pattern should not be fed with them. */
const maxLength = 64

const whole = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h))+$/
const part = /(\d+\.?\d*|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/g

/**
 * Reads a duration in Go's notation (`500ms`, `1h30m`, `1.5s`, `0`) as milliseconds, exact to the nanosecond.
 *
 * Returns undefined for everything that is not a duration, for negative ones and for those longer than Go can
 * hold: no setting of the product has a meaning for them. Timers of the runtime end at 24.8 days: whoever sets one
 * from a duration caps it.
 */
export function parseDuration(text: string): number | undefined {
  if (text.length > maxLength) return undefined
  if (/^[+-]?0$/.test(text)) return 0
  if (!whole.test(text)) return undefined
  let sum = 0
  for (const [, amount, unit] of text.matchAll(part)) sum += Number(amount) * (units[unit ?? ''] ?? Number.NaN)
  const ms = Math.round(sum * 1e6) / 1e6
  if (ms === 0) return 0
  return text.startsWith('-') || ms >= longestMs ? undefined : ms
}

/** What people write instead of Go's units, and how many of which unit it is. */
const spellings: readonly (readonly [RegExp, number, string])[] = [
  [/^(?:milli|millis|msecs?|milliseconds?)$/, 1, 'ms'],
  [/^(?:secs?|seconds?)$/, 1, 's'],
  [/^(?:mins?|minutes?)$/, 1, 'm'],
  [/^(?:hrs?|hours?)$/, 1, 'h'],
  [/^(?:d|days?)$/, 24, 'h'],
  [/^(?:w|weeks?)$/, 168, 'h'],
]

/**
 * The duration that somebody probably meant: `10 sec` gives `10s`, `7d` gives `168h`, a bare `30` gives `30s`.
 * Returns undefined when there is no obvious reading; what is returned always parses.
 */
export function suggestDuration(text: string): string | undefined {
  if (text.length > maxLength) return undefined
  const bare = text.toLowerCase().replace(/[\s,_]+/g, '')
  if (/^\d+(?:\.\d+)?$/.test(bare)) return `${bare}s`
  const parts = [...bare.matchAll(/(\d+(?:\.\d+)?)([a-z\u00b5\u03bc]+)/g)]
  if (parts.length === 0 || parts.map(([all]) => all).join('') !== bare) return undefined
  const suggestion = parts.map(([all, amount, word]) => goPart(Number(amount), word ?? '') ?? all).join('')
  return suggestion !== text && parseDuration(suggestion) !== undefined ? suggestion : undefined
}

function goPart(amount: number, word: string): string | undefined {
  const spelling = spellings.find(([pattern]) => pattern.test(word))
  return spelling && `${amount * spelling[1]}${spelling[2]}`
}
