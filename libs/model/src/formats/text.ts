import { z } from 'zod'

/** What a format has against a text. */
export interface Finding {
  /** One sentence without a full stop; it may quote the text through {@link quote}. */
  readonly message: string
  /** Stable word, such as `duration.invalid`. */
  readonly code: string
  readonly suggestion?: string | undefined
}

/** What formats and rules put into `params` of a zod issue; read back when issues become problems. */
export interface IssueParams {
  readonly code: string
  readonly suggestion?: string | undefined
  /** The finding is about the content of this very string, so a pending secret reference in it excuses it. */
  readonly format?: boolean
}

interface CheckContext {
  readonly value: unknown
  readonly issues: z.core.$ZodRawIssue[]
}

/** Reports a finding of a rule about several members, at one of them or, with an empty path, at the whole. */
export function report(context: CheckContext, path: readonly (string | number)[], finding: Finding): void {
  push(context, path, { code: finding.code, suggestion: finding.suggestion }, finding.message)
}

/** Reports what the content of a string has against its format. */
export function reportFormat(context: CheckContext, path: readonly (string | number)[], finding: Finding): void {
  push(context, path, { code: finding.code, suggestion: finding.suggestion, format: true }, finding.message)
}

function push(context: CheckContext, path: readonly (string | number)[], params: IssueParams, message: string): void {
  context.issues.push({
    code: 'custom',
    input: context.value,
    path: [...path],
    message,
    params: { ...params },
    continue: true,
  })
}

/** A string in a format of ours. */
export function text(check: (text: string) => Finding | undefined): z.ZodString {
  return z.string().check((context) => {
    const finding = check(context.value)
    if (finding) reportFormat(context, [], finding)
  })
}

/** A string that must match a pattern; `what` completes the sentence `"x" is not …`. */
export function pattern(expression: RegExp, what: string, code: string): z.ZodString {
  return text((value) => (expression.test(value) ? undefined : { message: `${quote(value)} is not ${what}`, code }))
}

/** The text in double quotes, cut to 64 characters, control characters escaped: for messages. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 63)}…` : text)
}
