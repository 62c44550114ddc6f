import type { z } from 'zod'
import { type Finding, quote, text } from './text.ts'

/** What a path field accepts beyond the plain rule. */
export interface PathOptions {
  /** It begins with `/`. Without this a group may supply the beginning. */
  readonly absolute: boolean
  /** A query may follow. */
  readonly query?: boolean
  /** It may be empty. */
  readonly empty?: boolean
}

/** A path of a URL: not empty, without blanks, control characters, `#` and backslash, by default without a query. */
export function pathString(options: PathOptions = { absolute: true }): z.ZodString {
  return text((value) => checkPath(value, options))
}

function checkPath(value: string, options: PathOptions): Finding | undefined {
  const code = 'path.invalid'
  if (value === '') return options.empty ? undefined : { message: 'a path must not be empty', code }
  if (/[\p{Cc} #\\]/u.test(value))
    return {
      message: `${quote(value)} is not a path: blanks, control characters, "#" and "\\" cannot stand in one`,
      code,
    }
  if (!options.query && value.includes('?'))
    return {
      message: `${quote(value)} has a query; only a path can stand here`,
      code,
      suggestion: value.replace(/\?.*$/s, ''),
    }
  if (options.absolute && !value.startsWith('/'))
    return { message: 'a path begins with "/"', code, suggestion: `/${value}` }
  return undefined
}
