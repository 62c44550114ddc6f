import { z } from 'zod'
import { mutableHeaderName, mutableHeaderPattern } from './formats/http.ts'
import { templateString } from './formats/template.ts'
import { requestVariables, responseVariables, type TemplateVariables } from './template.ts'

/** A header that is added or set, with a value that may hold variables. */
const HeaderToAdd = (variables: TemplateVariables) =>
  z.strictObject({
    key: mutableHeaderName().describe('Name of the header.'),
    value: templateString(variables, 'header').describe('Value, which may hold variables of the request.'),
    append: z.boolean().default(false).describe('Adds a line beside those that are there, in place of replacing them.'),
  })

const toRemove = () =>
  z.array(mutableHeaderPattern()).default([]).describe('Names of headers to remove; a name may end in *.')

/** Which headers are added, set and removed, in both directions. First all additions, then all removals. */
export const HeadersConfig = z.strictObject({
  requestHeadersToAdd: z.array(HeaderToAdd(requestVariables)).default([]).describe('Headers that the upstream gets.'),
  requestHeadersToRemove: toRemove(),
  responseHeadersToAdd: z.array(HeaderToAdd(responseVariables)).default([]).describe('Headers that the client gets.'),
  responseHeadersToRemove: toRemove(),
})

/** Header changes with their defaults filled in. */
export type HeadersConfig = z.output<typeof HeadersConfig>
