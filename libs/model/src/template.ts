import { nearest } from '@vrata/notation'
import { isToken } from './formats/http.ts'
import { quote } from './formats/text.ts'

const opening = '$'.concat('{')

/** Which variables a template may use. */
export interface TemplateVariables {
  /** Whole names, such as `request.path`. */
  readonly names: ReadonlySet<string>
  /** Beginnings that a header name follows, such as `request.header.`. */
  readonly headers: readonly string[]
  /** Beginnings that any dotted name follows, such as `jwt.claims.`. */
  readonly paths: readonly string[]
}

/** A piece of a parsed template. Names of headers are in lower case. */
export type TemplatePart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'header'; readonly of: string; readonly name: string }
  | { readonly kind: 'path'; readonly of: string; readonly path: string }

/** The pieces in order, or what is wrong and what was probably meant. */
export type ParsedTemplate =
  | { readonly ok: true; readonly parts: readonly TemplatePart[] }
  | { readonly ok: false; readonly message: string; readonly suggestion?: string | undefined }

/** What can be known of a request when it is forwarded. */
export const requestVariables: TemplateVariables = {
  names: new Set([
    'request.host',
    'request.authority',
    'request.path',
    'request.query',
    'request.uri',
    'request.method',
    'request.scheme',
    'request.id',
    'request.clientIp',
    'request.clientCert.subject',
    'route.id',
    'route.name',
  ]),
  headers: ['request.header.'],
  paths: ['jwt.claims.'],
}

/** The same, and what can be known when the head of the response is there. */
export const responseVariables: TemplateVariables = {
  names: new Set([...requestVariables.names, 'response.status']),
  headers: [...requestVariables.headers, 'response.header.'],
  paths: requestVariables.paths,
}

/**
 * Splits a text with `${name}` variables into its pieces. `$${` stands for a literal `${`; a `$` before anything else is
 * itself. One pass: what a variable brings is never looked at again.
 */
export function parseTemplate(source: string, variables: TemplateVariables): ParsedTemplate {
  const parts: TemplatePart[] = []
  let literal = ''
  let at = 0
  while (at < source.length) {
    const dollar = source.indexOf(opening, at)
    if (dollar < 0) break
    if (dollar > at && source[dollar - 1] === '$') {
      literal += source.slice(at, dollar - 1) + opening
      at = dollar + 2
      continue
    }
    const end = source.indexOf('}', dollar)
    if (end < 0) return { ok: false, message: `a "${opening}" is not closed by "}"` }
    const name = source.slice(dollar + 2, end)
    const part = variable(name, variables)
    if (!part) return unknown(name, variables)
    literal += source.slice(at, dollar)
    if (literal !== '') parts.push({ kind: 'text', text: literal })
    literal = ''
    parts.push(part)
    at = end + 1
  }
  literal += source.slice(at)
  if (literal !== '') parts.push({ kind: 'text', text: literal })
  return { ok: true, parts }
}

function variable(name: string, variables: TemplateVariables): TemplatePart | undefined {
  if (variables.names.has(name)) return { kind: 'variable', name }
  for (const of of variables.headers) {
    const header = name.slice(of.length)
    if (name.startsWith(of) && isToken(header))
      return { kind: 'header', of: of.slice(0, -1), name: header.toLowerCase() }
  }
  for (const of of variables.paths) {
    const path = name.slice(of.length)
    if (name.startsWith(of) && path !== '') return { kind: 'path', of: of.slice(0, -1), path }
  }
  return undefined
}

function unknown(name: string, variables: TemplateVariables): ParsedTemplate {
  const meant = beginningMeant(name, variables) ?? nearest(name, variables.names)
  return {
    ok: false,
    message: `unknown variable ${quote(name)}`,
    suggestion: meant === undefined || meant === name ? undefined : `${opening}${meant}}`,
  }
}

/** `request.heder.x-a` is a misspelt beginning and a name that is right. */
function beginningMeant(name: string, variables: TemplateVariables): string | undefined {
  for (const beginning of [...variables.headers, ...variables.paths]) {
    const steps = beginning.split('.').length - 1
    const words = name.split('.')
    const rest = words.slice(steps).join('.')
    if (rest !== '' && nearest(words.slice(0, steps).join('.'), [beginning.slice(0, -1)])) return beginning + rest
  }
  return undefined
}
