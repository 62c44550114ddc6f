import { CelError, compilePredicate } from '@vrata/cel'
import { compileRegex, RegexError } from '@vrata/regex'
import type { z } from 'zod'
import { type Finding, text } from './text.ts'

/** Longest regular expression, in characters. */
const maxRegexLength = 8192

/** An RE2 expression. It is compiled to find out whether it is one, and thrown away. */
export function regexString(): z.ZodString {
  return text(checkRegex)
}

/** What is wrong with the text as an RE2 expression. */
export function checkRegex(value: string): Finding | undefined {
  if (value.length > maxRegexLength)
    return { message: `a regular expression has at most ${maxRegexLength} characters`, code: 'regex.invalid' }
  try {
    compileRegex(value)
    return undefined
  } catch (thrown) {
    if (!(thrown instanceof RegexError)) throw thrown
    return { message: `not a regular expression: ${thrown.message}`, code: 'regex.invalid' }
  }
}

/** A CEL expression over `request` whose result is a bool. */
export function celPredicateString(): z.ZodString {
  return celString(compilePredicate)
}

/** A CEL expression that the given compiler of `@vrata/cel` accepts. */
export function celString(compile: (source: string) => unknown): z.ZodString {
  return text((value) => checkCel(value, compile))
}

/** What the given compiler of `@vrata/cel` has against the text. */
export function checkCel(value: string, compile: (source: string) => unknown): Finding | undefined {
  try {
    compile(value)
    return undefined
  } catch (thrown) {
    if (!(thrown instanceof CelError)) throw thrown
    return { message: thrown.message, code: 'cel.invalid', suggestion: thrown.suggestion }
  }
}
