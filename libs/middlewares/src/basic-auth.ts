import { mutableHeaderName, report, text } from '@vrata/model'
import { z } from 'zod'
import { settingsOf } from './settings.ts'

const hash = /^\$scrypt\$ln=1[4-7],r=8,p=1\$[A-Za-z0-9+/]{11,}={0,2}\$[A-Za-z0-9+/]{22,}={0,2}$/

const User = z.strictObject({
  username: z
    .string()
    .regex(/^[^:\p{Cc}]+$/u, { error: 'a user name is not empty and has neither a colon nor control characters' })
    .max(256)
    .describe('Name of the user.'),
  hash: text((value) =>
    hash.test(value)
      ? undefined
      : { message: 'a password is given as "$scrypt$ln=15,r=8,p=1$SALT$KEY" with ln 14 to 17', code: 'hash.invalid' },
  ).describe('scrypt hash of the password, as $scrypt$ln=15,r=8,p=1$SALT$KEY in base64.'),
})

/** Requires a user name and a password (RFC 7617). */
export const BasicAuth = z.strictObject(
  {
    users: z
      .array(User)
      .check((context) => {
        const seen = new Set<string>()
        for (const [index, { username }] of context.value.entries()) {
          if (seen.has(username))
            report(context, [index, 'username'], { message: 'two users have the same name', code: 'list.repeated' })
          seen.add(username)
        }
      })
      .describe('The users.'),
    realm: z
      .string()
      .regex(/^[^"\\\p{Cc}]+$/u, { error: 'a realm has neither quotes, backslashes nor control characters' })
      .optional()
      .describe('What a browser shows when it asks. Absent: the name of the middleware.'),
    identityHeader: mutableHeaderName().optional().describe('Header that is set to the user name for the upstream.'),
    forwardAuthorization: z.boolean().default(false).describe('The upstream gets the credentials too.'),
  },
  settingsOf('basicAuth'),
)
