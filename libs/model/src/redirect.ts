import { z } from 'zod'
import { authority, splitAuthority } from './formats/address.ts'
import { pathString } from './formats/path.ts'
import { quote, report, text } from './formats/text.ts'
import { atMostOne, presence } from './rules.ts'

const target = ['url', 'scheme', 'host', 'port', 'path', 'pathPrefix'] as const

/** Answers with a redirect. What is not given is taken from the request. */
export const Redirect = z
  .strictObject({
    url: text((value) =>
      /^[\x21-\x7e]+$/.test(value) ? undefined : { message: `${quote(value)} is not a URL`, code: 'url.invalid' },
    )
      .optional()
      .describe('The whole target, sent as it is. Excludes the other fields but code.'),
    scheme: z.enum(['http', 'https']).optional().describe('Scheme of the target.'),
    host: authority().optional().describe('Host of the target.'),
    port: z
      .int()
      .min(1)
      .max(65535)
      .optional()
      .describe('Port of the target. Absent: none if the scheme changes, else as received.'),
    path: pathString({ absolute: true, query: true })
      .optional()
      .describe('Replaces the whole path; it may bring its own query.'),
    pathPrefix: pathString().optional().describe('Replaces the prefix that the route matched by.'),
    stripQuery: z.boolean().optional().describe('Drops the query of the request.'),
    code: z.literal([301, 302, 303, 307, 308]).default(301).describe('Status: 301, 302, 303, 307 or 308.'),
  })
  .check(
    presence((has, found) => {
      if (!target.some(has))
        found(undefined, {
          message: 'a redirect defines at least one of url, scheme, host, port, path, pathPrefix',
          code: 'field.missing',
        })
      if (!has('url')) return
      for (const other of [...target.slice(1), 'stripQuery'].filter(has))
        found(other, { message: `url is the whole target and excludes ${other}`, code: 'exclusive.fields' })
    }),
  )
  .check(atMostOne(['path', 'pathPrefix']))
  .check((context) => {
    const { host, port } = context.value
    if (port !== undefined && host !== undefined && splitAuthority(host)?.port !== undefined)
      report(context, ['port'], { message: 'host brings a port of its own', code: 'exclusive.fields' })
  })
