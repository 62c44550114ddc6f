import { mutableHeaderName, report, text } from '@vrata/model'
import { z } from 'zod'
import { CredentialSource } from './credential-source.ts'
import { settingsOf } from './settings.ts'

const Key = z.strictObject({
  id: z
    .string()
    .min(1)
    .max(128)
    .regex(/^\P{Cc}+$/u, { error: 'an id has no control characters' })
    .describe('Who the key belongs to.'),
  hash: text((value) =>
    /^sha256:[0-9a-f]{64}$/i.test(value)
      ? undefined
      : { message: 'a key is given as "sha256:" and the 64 hex digits of its SHA-256', code: 'hash.invalid' },
  ).describe('sha256: and the hex digits of the SHA-256 of the key.'),
  expiresAt: z.iso
    .datetime({ offset: true, error: 'expected a time such as "2027-01-31T12:00:00Z"' })
    .optional()
    .describe('Time from which on the key is refused.'),
  disabled: z.boolean().default(false).describe('The key is refused.'),
  metadata: z.record(z.string(), z.unknown()).default({}).describe('Facts about the owner for CEL expressions.'),
})

/** Requires one of a list of keys. Only digests of the keys are configured. */
export const ApiKey = z.strictObject(
  {
    keys: z
      .array(Key)
      .check((context) => {
        for (const member of ['id', 'hash'] as const) {
          const seen = new Set<string>()
          for (const [index, key] of context.value.entries()) {
            const value = key[member].toLowerCase()
            if (seen.has(value))
              report(context, [index, member], { message: `two keys have the same ${member}`, code: 'list.repeated' })
            seen.add(value)
          }
        }
      })
      .describe('The keys.'),
    sources: z
      .array(CredentialSource)
      .min(1)
      .default([{ header: 'x-api-key' }])
      .describe('Where the key is looked for; all of them together must hold exactly one.'),
    forwardKey: z.boolean().default(false).describe('The upstream gets the key too.'),
    identityHeader: mutableHeaderName()
      .optional()
      .describe('Header that is set to the id of the key for the upstream.'),
  },
  settingsOf('apiKey'),
)
