import { compileRegex, type Regex, RegexError } from '@vrata/regex'
import { payText } from './budget.ts'
import { CelEvaluationError } from './errors.ts'

const longest = 1024
/** Of patterns that are kept; an engine may grow to 8 MiB on texts made for that. */
const capacity = 32
/** Counted repetitions in one pattern that is not a constant: a client may choose it, and each count is compiled out. */
const mostRepeats = 256
/** Patterns that requests or claims brought along, least recently used first. */
const compiled = new Map<string, Regex>()

/** `matches` with a pattern that was compiled with the expression: search anywhere in the text. */
export function matchesRegex(text: string, regex: Regex): boolean {
  return payText(text.length) && regex.test(text)
}

/** `matches` with a pattern that is known only now; compiled ones are kept, up to a bound. */
export function matchesPattern(text: string, pattern: string): boolean {
  if (pattern.length > longest) {
    throw new CelEvaluationError(`matches: a pattern that is not a constant may have ${longest} characters`)
  }
  if (repeats(pattern) > mostRepeats) throw new CelEvaluationError('matches: the pattern repeats too often')
  return payText(pattern.length << 4) && matchesRegex(text, recall(pattern))
}

function recall(pattern: string): Regex {
  const regex = compiled.get(pattern) ?? compile(pattern)
  compiled.delete(pattern)
  compiled.set(pattern, regex)
  if (compiled.size > capacity) for (const oldest of compiled.keys()) return forget(oldest, regex)
  return regex
}

function forget(pattern: string, regex: Regex): Regex {
  compiled.delete(pattern)
  return regex
}

function compile(pattern: string): Regex {
  try {
    return compileRegex(pattern)
  } catch (thrown) {
    if (thrown instanceof RegexError) throw new CelEvaluationError(`matches: ${thrown.message}`)
    throw thrown
  }
}

/** The sum of all counts in `{n}` and `{n,m}`: what a pattern can add to its own length by counting. */
function repeats(pattern: string): number {
  let sum = 0
  for (const [, least, most] of pattern.matchAll(/\{(\d+)(?:,(\d*))?\}/g)) sum += Number(most || least)
  return sum
}
