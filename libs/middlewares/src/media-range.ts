import { quote, text } from '@vrata/model'
import type { z } from 'zod'

const token = "[!#$%&'+.^_`|~0-9A-Za-z-]+"
const range = new RegExp(`^${token}/(?:${token}|\\*)$`)
const suffix = new RegExp(`^\\+${token}$`)

/**
 * A content type without parameters (RFC 9110, 8.3.1), or `type/*`; with `suffixes` also a structured suffix such as
 * `+json`. Read in lower case.
 */
export function mediaRange(options: { readonly suffixes: boolean } = { suffixes: false }): z.ZodString {
  return text((value) =>
    range.test(value) || (options.suffixes && suffix.test(value))
      ? undefined
      : {
          message: `${quote(value)} is not a content type such as "application/json" or "text/*"`,
          code: 'format.invalid',
        },
  ).toLowerCase()
}
