import { type Finding, headerName, httpMethod, quote, regexString, report, reportFormat } from '@vrata/model'
import { z } from 'zod'

const AllowedOrigin = z
  .strictObject({
    value: z.string().min(1).describe('An origin such as https://a.example, "*" for any, or an RE2 expression.'),
    regex: z.boolean().default(false).describe('value is an RE2 expression that the whole origin must match.'),
  })
  .check((context) => {
    const { value, regex } = context.value
    const finding = regex ? regexFinding(value) : originFinding(value)
    if (finding) reportFormat(context, ['value'], finding)
  })

function regexFinding(value: string): Finding | undefined {
  const issue = regexString().safeParse(value).error?.issues[0]
  return issue && { message: issue.message, code: 'regex.invalid' }
}

function originFinding(value: string): Finding | undefined {
  const origin = /^[a-z][a-z0-9+.-]*:\/\/[^/\s?#@*]+/i.exec(value)?.[0]
  if (value === '' || value === '*' || value === 'null' || origin === value) return undefined
  return {
    message: `${quote(value)} is not an origin such as "https://a.example"`,
    code: 'origin.invalid',
    suggestion: origin ?? (/^[a-z0-9.-]+(?::[0-9]+)?$/i.test(value) ? `https://${value}` : undefined),
  }
}

/** Which pages of other origins may call the API from a browser (Fetch standard, CORS protocol). */
export const Cors = z
  .strictObject({
    allowOrigins: z.array(AllowedOrigin).default([]).describe('Origins that may call. Empty: none.'),
    allowMethods: z
      .array(httpMethod())
      .default([])
      .describe('Methods that a preflight is told. Empty: GET, HEAD, POST.'),
    allowHeaders: z.array(headerName()).default([]).describe('Request headers that a preflight is told.'),
    exposeHeaders: z.array(headerName()).default([]).describe('Response headers that scripts may read.'),
    maxAge: z.int().min(0).default(0).describe('Seconds for which a preflight may be remembered. 0: not told.'),
    allowCredentials: z.boolean().default(false).describe('Cookies and credentials may be sent along.'),
    strictPreflight: z
      .boolean()
      .default(false)
      .describe('Only OPTIONS requests with access-control-request-method are preflights; others pass on.'),
    forwardDisallowedPreflight: z
      .boolean()
      .default(false)
      .describe('Preflights of other origins go to the upstream in place of being answered here.'),
  })
  .check((context) => {
    const { allowCredentials, allowOrigins } = context.value
    if (allowCredentials && allowOrigins.some((origin) => origin.value === '*' && !origin.regex))
      report(context, ['allowCredentials'], {
        message: 'credentials cannot be allowed to every origin; list the origins in place of "*"',
        code: 'exclusive.fields',
      })
  })
