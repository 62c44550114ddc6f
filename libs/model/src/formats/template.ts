import type { z } from 'zod'
import { parseTemplate, type TemplateVariables } from '../template.ts'
import { text } from './text.ts'

/**
 * A text with `${…}` variables. For a header the literal parts must be able to stand in one; what variables bring is
 * cleaned when they are filled in.
 */
export function templateString(variables: TemplateVariables, use: 'header' | 'text'): z.ZodString {
  return text((value) => {
    const parsed = parseTemplate(value, variables)
    if (!parsed.ok) return { message: parsed.message, code: 'template.invalid', suggestion: parsed.suggestion }
    if (
      use === 'header' &&
      parsed.parts.some((part) => part.kind === 'text' && /(?!\t)\p{Cc}|[^\0-\xff]/u.test(part.text))
    )
      return {
        message: 'a header value holds neither control characters nor letters beyond Latin-1',
        code: 'header.invalid',
      }
    return undefined
  })
}
