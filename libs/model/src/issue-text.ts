import type { z } from 'zod'
import { quote } from './formats/text.ts'

/** One sentence for an issue that brings none of its own: zod's own wording speaks to programmers. */
export function issueText(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return typeText(issue.expected, issue.input)
    case 'too_small':
      return smallText(issue.origin, Number(issue.minimum), issue.inclusive !== false)
    case 'too_big':
      return bigText(issue.origin, Number(issue.maximum), issue.inclusive !== false)
    case 'invalid_value':
      return valueText(issue.values, issue.input)
    case 'invalid_union':
      return 'note' in issue && 'options' in issue && Array.isArray(issue.options)
        ? valueText(issue.options, discriminator(issue.input, issue.discriminator))
        : 'has none of the forms that are possible here'
    case 'unrecognized_keys':
      return 'unknown field'
    case 'invalid_key':
      return 'this name cannot be used here'
    default:
      return 'has the wrong form'
  }
}

function discriminator(input: unknown, name: unknown): unknown {
  return typeof input === 'object' && input !== null && typeof name === 'string' ? Reflect.get(input, name) : undefined
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
}

function typeText(expected: string, input: unknown): string {
  if (input === undefined) return 'this field is required'
  const wanted = typeNames[expected] ?? expected
  return typeof input === 'number' && expected === 'int'
    ? `expected ${wanted}`
    : `expected ${wanted}, got ${kindOf(input)}`
}

/** The JSON type of a value, with its article. */
function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'number' && !Number.isFinite(value)) return 'a number that is too large'
  return typeNames[typeof value] ?? typeof value
}

function smallText(origin: string, minimum: number, inclusive: boolean): string {
  if (origin === 'string') return minimum === 1 ? 'must not be empty' : `must have at least ${minimum} characters`
  if (origin === 'array') return minimum === 1 ? 'must not be empty' : `must have at least ${minimum} entries`
  return inclusive ? `must be at least ${minimum}` : `must be greater than ${minimum}`
}

function bigText(origin: string, maximum: number, inclusive: boolean): string {
  if (origin === 'string') return `must have at most ${maximum} characters`
  if (origin === 'array') return `must have at most ${maximum} entries`
  return inclusive ? `must be at most ${maximum}` : `must be less than ${maximum}`
}

function valueText(values: readonly unknown[], input: unknown): string {
  if (input === undefined) return 'this field is required'
  const choices = values
    .filter((value) => value !== '')
    .map((value) => (typeof value === 'string' ? `"${value}"` : String(value)))
  const one = choices.length === 1 ? `must be ${choices[0]}` : `must be one of ${choices.join(', ')}`
  return typeof input === 'string' ? `${quote(input)} is not known here: ${one}` : one
}
