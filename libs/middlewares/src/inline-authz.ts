import { compileIdentityPredicate } from '@vrata/cel'
import { checkCel, headerValue } from '@vrata/model'
import { z } from 'zod'
import { settingsOf } from './settings.ts'

/** Clients know these sentences, so they name the place in their own way, beside the pointer. */
function place(issue: z.core.$ZodRawIssue, member: string): string {
  const index = issue.path?.findLast((step) => typeof step === 'number')
  return `inlineAuthz.rules[${String(index)}].${member}`
}

function actionText(where: string, issue: z.core.$ZodRawIssue): string {
  const { input } = issue
  return `${where} must be "allow" or "deny", got ${JSON.stringify(typeof input === 'string' ? input.slice(0, 64) : (input ?? ''))}`
}

/** Also words the findings of the check below: only here the place in the list is known. */
function celText(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.input === undefined || issue.input === '') return `${place(issue, 'cel')} must not be empty`
  return issue.code === 'custom' ? `${place(issue, 'cel')}: ${String(issue.params?.['detail'])}` : undefined
}

const cel = z.string({ error: celText }).check((context) => {
  const finding = checkCel(context.value, compileIdentityPredicate)
  if (!finding) return
  const { code, message: detail, suggestion } = finding
  context.issues.push({
    code: 'custom',
    input: context.value,
    params: { code, detail, suggestion, format: true },
    continue: true,
  })
})

const Rule = z.strictObject({
  cel: cel.describe('CEL expression over request, jwt and apiKey.'),
  action: z
    .enum(['allow', 'deny'], { error: (issue) => actionText(place(issue, 'action'), issue) })
    .describe('What happens to a request for which it is true.'),
})

const noRules = 'inlineAuthz.rules must not be empty'

/** Lets requests pass or refuses them by CEL rules; the first rule that is true decides. */
export const InlineAuthz = z.strictObject(
  {
    rules: z
      .array(Rule, { error: (issue) => (issue.input === undefined ? noRules : undefined) })
      .min(1, { error: noRules })
      .describe('The rules in order.'),
    defaultAction: z
      .enum(['', 'allow', 'deny'], { error: (issue) => actionText('inlineAuthz.defaultAction', issue) })
      .default('deny')
      .describe('What happens to a request for which no rule is true.'),
    denyStatus: z.int().min(400).max(599).default(403).describe('Status of a refusal.'),
    denyBody: z.string().default('{"error":"access denied"}').describe('Body of a refusal.'),
    denyContentType: headerValue().default('application/json').describe('Content type of a refusal.'),
  },
  settingsOf('inlineAuthz'),
)
