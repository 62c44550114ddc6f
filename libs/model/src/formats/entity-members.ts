import { z } from 'zod'
import { quote } from './text.ts'

const idPattern = /^[A-Za-z0-9][A-Za-z0-9._~@:-]{0,127}$/
const labelKey = /^[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$/
const labelValue = /^[\x20-\x7e]{0,63}$/
const control = /[\p{Cc}\p{Cs}]/u

/** Whether the text can be the id of an entity. */
export function isEntityId(text: string): boolean {
  return idPattern.test(text)
}

/** An entity's id, or a reference to one. Secret references are not resolved in ids, so none is let through. */
export function entityId(): z.ZodString {
  return z.string().regex(idPattern, {
    error: (issue) =>
      `${quote(String(issue.input))} is not an id: 1 to 128 letters, digits and . _ ~ @ : -, beginning with a letter or digit`,
  })
}

/** Members that every entity has. */
export const common = {
  id: entityId().describe(
    'Identity of the entity, unique within its kind. Made by the control plane when absent on creation.',
  ),
  name: z
    .string()
    .max(512)
    .refine((value) => !control.test(value), {
      error: 'must not hold control characters',
      params: { code: 'name.invalid' },
    })
    .default('')
    .describe('Name for people: shown in lists, logs and metrics. It need not be unique.'),
  labels: labels()
    .optional()
    .describe('Labels for filtering and for tools; at most 32. They do not change how the entity works.'),
  description: z.string().max(1024).optional().describe('Free text for people.'),
}

/** A map of labels: at most 32 entries, values of up to 63 printable ASCII characters. */
export function labels() {
  const key = z.string().regex(labelKey, {
    error: 'a label key has 1 to 63 letters, digits and . _ / -, and begins and ends with a letter or digit',
  })
  const value = z.string().regex(labelValue, { error: 'a label value has at most 63 printable ASCII characters' })
  return z.record(key, value).refine((record) => Object.keys(record).length <= 32, {
    error: 'at most 32 labels are allowed',
    params: { code: 'labels.count' },
  })
}
