import { z } from 'zod'
import { hostnamePattern } from './formats/address.ts'
import { celPredicateString, checkRegex, regexString } from './formats/expression.ts'
import { httpMethod, isToken } from './formats/http.ts'
import { pathString } from './formats/path.ts'
import { type Finding, quote, reportFormat, text } from './formats/text.ts'
import { atMostOne } from './rules.ts'

const matcher = {
  value: z.string().optional().describe('Value that is asked for. Absent: it is enough that there is one.'),
  regex: z.boolean().default(false).describe('value is an RE2 expression that is searched for anywhere.'),
}

interface ValueMatcher {
  readonly value?: string | undefined
  readonly regex: boolean
}

function regexCompiles(context: { readonly value: ValueMatcher; readonly issues: z.core.$ZodRawIssue[] }): void {
  const { value, regex } = context.value
  if (!regex || value === undefined) return
  const finding = checkRegex(value)
  if (finding) reportFormat(context, ['value'], finding)
}

/** A condition on one request header. */
export const HeaderMatcher = z
  .strictObject({
    name: text(checkMatchedHeader).describe('Name of the header, in any case.'),
    ...matcher,
  })
  .check(regexCompiles)

function checkMatchedHeader(name: string): Finding | undefined {
  if (name.startsWith(':') || name.toLowerCase() === 'host')
    return {
      message: `${quote(name)} cannot be matched as a header; use hostnames, methods or a path`,
      code: 'header.forbidden',
    }
  return isToken(name) ? undefined : { message: `${quote(name)} is not a header name`, code: 'header.invalid' }
}

/** A condition on one query parameter. */
export const QueryMatcher = z
  .strictObject({
    name: z.string().min(1).describe('Name of the parameter, decoded, in exact case.'),
    ...matcher,
  })
  .check(regexCompiles)

/** Which requests a route takes: all conditions must hold. */
export const Match = z
  .strictObject({
    path: pathString({ absolute: false }).optional().describe('The whole path, exactly.'),
    pathPrefix: pathString({ absolute: false }).optional().describe('Beginning of the path, whole segments.'),
    pathRegex: regexString()
      .optional()
      .describe('RE2 expression for the path: tied to its beginning, open at its end (write $ to close it).'),
    prefixMode: z
      .enum(['segment', 'string'])
      .default('segment')
      .describe('Whether pathPrefix takes whole segments (/api takes /api/x, not /apikeys) or plain text.'),
    methods: z
      .array(httpMethod())
      .optional()
      .describe('Request methods, one of which must be used. Absent or empty: any.'),
    hostnames: z
      .array(hostnamePattern())
      .optional()
      .describe('Hosts, one of which must be asked for: a name, *.suffix or *. Absent or empty: any.'),
    headers: z.array(HeaderMatcher).optional().describe('Conditions on request headers; all must hold.'),
    queryParams: z.array(QueryMatcher).optional().describe('Conditions on query parameters; all must hold.'),
    grpc: z.boolean().default(false).describe('Takes gRPC requests alone.'),
    cel: celPredicateString().optional().describe('CEL expression over request; asked after everything else.'),
  })
  .check(atMostOne(['path', 'pathPrefix', 'pathRegex']))
