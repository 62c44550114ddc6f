import { headerName, presence, responseVariables, type TemplateVariables, templateString } from '@vrata/model'
import { z } from 'zod'
import { settingsOf } from './settings.ts'

/** What the lines of an access log can tell. */
export const accessLogVariables: TemplateVariables = {
  names: new Set([
    ...responseVariables.names,
    'id',
    'response.bytes',
    'response.flag',
    'duration.ms',
    'duration.us',
    'duration.s',
    'upstream.destination',
    'upstream.endpoint',
    'upstream.duration.ms',
    'tls.version',
  ]),
  headers: [...responseVariables.headers, 'upstream.header.'],
  paths: responseVariables.paths,
}

/** Headers whose values are not written unless the configuration says otherwise. */
export const defaultRedactedHeaders = [
  'authorization',
  'cookie',
  'set-cookie',
  'proxy-authorization',
  'x-api-key',
] as const

const Line = z.strictObject({
  fields: z
    .record(
      z.string().regex(/^\P{Cc}+$/u, { error: 'the name of a field is not empty and has no control characters' }),
      templateString(accessLogVariables, 'text'),
    )
    .describe('Names and values of the fields in order; values may hold variables.'),
})

/** Writes lines about requests. */
export const AccessLog = z
  .strictObject(
    {
      path: z
        .string()
        .regex(/^\P{Cc}+$/u, { error: 'a path of a file, stdout or stderr is needed' })
        .describe('File that lines are appended to, or stdout or stderr.'),
      json: z.boolean().default(false).describe('Each line is a JSON object; else key=value.'),
      typed: z
        .boolean()
        .default(false)
        .describe('Numbers are written as numbers in JSON; else all values are strings.'),
      preset: z.enum(['json-default']).optional().describe('A ready-made set of fields in JSON.'),
      onRequest: Line.optional().describe('Line that is written when a request arrives. Absent: none.'),
      onResponse: Line.optional().describe('Line that is written when a request has ended. Absent: none.'),
      redactHeaders: z
        .array(headerName())
        .default([...defaultRedactedHeaders])
        .describe('Headers whose values are written as ***.'),
      sample: z
        .number()
        .min(0)
        .max(1)
        .default(1)
        .describe('Share of requests that are written; statuses from 500 on always are.'),
      rotate: z
        .strictObject({
          maxBytes: z.int().min(1024).describe('Size at which a new file is begun.'),
          keep: z.int().min(0).max(1000).default(5).describe('How many old files are kept.'),
        })
        .optional()
        .describe('Beginning new files. Absent: the file grows.'),
    },
    settingsOf('accessLog'),
  )
  .check(
    presence((has, found) => {
      if (!['onRequest', 'onResponse', 'preset'].some(has))
        found(undefined, { message: 'an access log needs onRequest, onResponse or preset', code: 'field.missing' })
    }),
  )
