import { nearest, pointer, valueAt } from '@vrata/notation'
import type { z } from 'zod'
import type { EntityRef } from './entity-kinds.ts'
import { holdsSecretReference } from './formats/secret-reference.ts'
import { issueText } from './issue-text.ts'
import type { Problem } from './problem.ts'
import { membersAt } from './schema-members.ts'

/** Most problems that one answer lists; {@link checkEntity} gives one more when there are more. */
export const maxProblems = 500

/** Circumstances of a check. */
export interface CheckOptions {
  /**
   * `pending` (the default, at write): the content of a string with a secret reference is not judged. `resolved` (at
   * capture and in the proxy): references have been filled in, whatever still looks like one is plain text.
   */
  readonly references?: 'pending' | 'resolved'
  /** Whether a secret's value stands at or below the pointer; messages about such places quote nothing. */
  readonly isSecret?: (pointer: string) => boolean
}

/** `value` is there, with defaults filled in, when there are no problems. */
export interface Checked<S extends z.ZodType> {
  readonly value?: z.output<S>
  readonly problems: Problem[]
}

/**
 * Checks a value against a schema and says everything that is wrong with it, each problem with a pointer to the member,
 * a code and, where there is a likely one, a suggestion. All problems have severity `error`. Never throws.
 */
export function checkEntity<S extends z.ZodType>(
  schema: S,
  value: unknown,
  entity: EntityRef,
  options: CheckOptions = {},
): Checked<S> {
  const parsed = schema.safeParse(value, { error: issueText })
  if (parsed.success) return { value: parsed.data, problems: [] }
  const pending = options.references !== 'resolved'
  const findings: Found[] = []
  for (const issue of parsed.error.issues) {
    if (findings.length > maxProblems) break
    if (!(pending && isExcused(issue, value))) findings.push(...found(schema, value, issue))
  }
  // Only references stood in the way: the value is complete but for them.
  if (findings.length === 0) return { value: parsedAnyway(schema, value), problems: [] }
  const problems = findings.slice(0, maxProblems + 1).map((finding) => toProblem(finding, entity, options.isSecret))
  return { problems }
}

interface Found {
  readonly path: readonly PropertyKey[]
  readonly message: string
  readonly code: string
  readonly suggestion?: string | undefined
}

type Issue = z.core.$ZodIssue

function isExcused(issue: Issue, value: unknown): boolean {
  const content =
    issue.code === 'custom'
      ? issue.params?.['format'] === true
      : issue.code === 'invalid_value' || issue.code === 'too_small' || issue.code === 'too_big'
  const place = content ? valueAt(value, issue.path) : undefined
  return typeof place === 'string' && holdsSecretReference(place)
}

function parsedAnyway<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const payload = schema._zod.run({ value, issues: [] }, { async: false })
  if (payload instanceof Promise) throw new TypeError('the schemas of entities are synchronous')
  return payload.value as z.output<S> // zod types it as the input, but the run has made the output of it
}

function found(schema: z.core.$ZodType, value: unknown, issue: Issue): Found[] {
  const { path, message } = issue
  switch (issue.code) {
    case 'unrecognized_keys':
      return unknownMembers(schema, value, issue)
    case 'invalid_union':
      return unionFindings(schema, value, issue)
    case 'invalid_key':
      return [{ path, message: issue.issues[0]?.message ?? message, code: 'name.invalid' }]
    case 'invalid_value':
      return [
        {
          path,
          message,
          code: missingOr('enum.invalid', value, path),
          suggestion: choice(valueAt(value, path), issue.values),
        },
      ]
    case 'invalid_type':
      return [{ path, message, code: missingOr('type.invalid', value, path) }]
    case 'too_big':
    case 'too_small':
      return [{ path, message, code: 'range.invalid' }]
    case 'custom':
      return [
        {
          path,
          message,
          code: word(issue.params?.['code']) ?? 'invalid',
          suggestion: word(issue.params?.['suggestion']),
        },
      ]
    default:
      return [{ path, message, code: 'format.invalid' }]
  }
}

function missingOr(code: string, value: unknown, path: readonly PropertyKey[]): string {
  return valueAt(value, path) === undefined ? 'field.missing' : code
}

function unknownMembers(schema: z.core.$ZodType, value: unknown, issue: z.core.$ZodIssueUnrecognizedKeys): Found[] {
  const members = membersAt(schema, value, issue.path)
  const known = [...members].filter((member) => !(typeof valueAt(value, [...issue.path, member]) !== 'undefined'))
  return issue.keys.slice(0, maxProblems + 1).map((key) => ({
    path: [...issue.path, key],
    message: issue.message,
    code: 'field.unknown',
    suggestion: nearest(key, known),
  }))
}

/** Of a union, the form that the author probably meant: the one with the fewest problems that is of the right type. */
function unionFindings(schema: z.core.$ZodType, value: unknown, issue: z.core.$ZodIssueInvalidUnion): Found[] {
  if (issue.errors.length === 0) {
    const options = 'options' in issue ? (issue.options ?? []) : []
    const given = valueAt(value, issue.path)
    const code = missingOr('enum.invalid', value, issue.path)
    return [{ path: issue.path, message: issue.message, code, suggestion: choice(given, options) }]
  }
  const isOtherType = (branch: readonly Issue[]) =>
    branch.some((one) => one.code === 'invalid_type' && one.path.length === 0)
  const fitting = issue.errors.filter((branch) => !isOtherType(branch)).sort((a, b) => a.length - b.length)
  const [best] = fitting
  if (!best) return [{ path: issue.path, message: issue.message, code: 'type.invalid' }]
  return best.flatMap((one) => found(schema, value, { ...one, path: [...issue.path, ...one.path] }))
}

function choice(given: unknown, values: readonly unknown[]): string | undefined {
  if (typeof given !== 'string') return undefined
  return nearest(given, values.filter((value) => typeof value === 'string' && value !== '') as string[])
}

function word(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function toProblem(finding: Found, entity: EntityRef, isSecret: CheckOptions['isSecret']): Problem {
  const where = pointer(...finding.path.map((step) => (typeof step === 'symbol' ? String(step) : step)))
  if (isSecret?.(where))
    return {
      entity,
      pointer: where,
      message: 'the value of the secret is not valid here',
      severity: 'error',
      code: finding.code,
    }
  const { message, code, suggestion } = finding
  return suggestion === undefined
    ? { entity, pointer: where, message, severity: 'error', code }
    : { entity, pointer: where, message, suggestion, severity: 'error', code }
}
