import { compileRegex, compileSubstitution, RegexError } from '@vrata/regex'
import { z } from 'zod'
import { regexString } from './formats/expression.ts'
import { holdsSecretReference } from './formats/secret-reference.ts'
import { reportFormat } from './formats/text.ts'

/** A search and replace in the path. The replacement may name groups of the expression, which must exist. */
export const PathRegexRewrite = z
  .strictObject({
    pattern: regexString().describe('RE2 expression; every match in the path is replaced.'),
    substitution: z
      .string()
      .describe(
        'Replacement; $1 or \\1 stands for the first group, $name for a named one. What follows a ? joins the query.',
      ),
  })
  .check((context) => {
    const { pattern, substitution } = context.value
    if (holdsSecretReference(pattern)) return // its groups are known only when it is resolved
    const problem = substitutionProblem(pattern, substitution)
    if (problem !== undefined)
      reportFormat(context, ['substitution'], { message: `not a replacement: ${problem}`, code: 'regex.invalid' })
  })

/** A pattern that does not compile is reported where it stands, so it gives no problem here. */
function substitutionProblem(pattern: string, substitution: string): string | undefined {
  let regex: ReturnType<typeof compileRegex>
  try {
    regex = compileRegex(pattern)
  } catch (thrown) {
    if (thrown instanceof RegexError) return undefined
    throw thrown
  }
  try {
    compileSubstitution(substitution, regex)
    return undefined
  } catch (thrown) {
    if (thrown instanceof RegexError) return thrown.message
    throw thrown
  }
}
