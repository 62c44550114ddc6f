import { cookieName, exactlyOne, headerName, pattern, presence } from '@vrata/model'
import { z } from 'zod'

/** A place in a request where a credential may be found: exactly one of header, cookie, query. */
export const CredentialSource = z
  .strictObject({
    header: headerName().optional().describe('Name of a header.'),
    scheme: pattern(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'an authentication scheme', 'format.invalid')
      .optional()
      .describe('Scheme that comes before the credential in the header, in any case.'),
    cookie: cookieName().optional().describe('Name of a cookie.'),
    query: z.string().min(1).optional().describe('Name of a query parameter.'),
  })
  .check(exactlyOne(['header', 'cookie', 'query'], 'a source has exactly one of header, cookie, query'))
  .check(
    presence((has, found) => {
      if (has('scheme') && !has('header'))
        found('scheme', { message: 'only a header has a scheme', code: 'exclusive.fields' })
    }),
  )

/** A place where a credential may be found. */
export type CredentialSource = z.output<typeof CredentialSource>
