import { z } from 'zod'
import { common } from './formats/entity-members.ts'

const maxBytes = 524_288

/** A value that other entities refer to and that is filled in when a snapshot is captured. */
export const Secret = z.strictObject({
  ...common,
  name: common.name
    .unwrap()
    .min(1, { error: 'name is required' })
    .describe('Name for people; references may use it if it is unique.'),
  value: z
    .string()
    .max(maxBytes)
    .refine((value) => value.length > maxBytes || Buffer.byteLength(value) <= maxBytes, {
      error: 'a secret has at most 512 KiB',
      params: { code: 'range.invalid' },
    })
    .describe('The value, at most 512 KiB.'),
})

/** A secret with its defaults filled in. */
export type Secret = z.output<typeof Secret>
/** A secret as it is sent and stored. */
export type SecretInput = z.input<typeof Secret>
