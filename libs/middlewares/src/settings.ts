import type { z } from 'zod'

/** Parameters for the schema of a type's settings: says which member is missing when there are none. */
export function settingsOf(type: string): { readonly error: (issue: z.core.$ZodRawIssue) => string | undefined } {
  return {
    error: (issue) =>
      issue.code === 'invalid_type' && issue.input === undefined
        ? `${type} config is required when type is "${type}"`
        : undefined,
  }
}
