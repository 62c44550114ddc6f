import { Listener } from '@vrata/model'
import { z } from 'zod'

/** What a capture is asked for. Names, labels and descriptions follow the rules of entities. */
export const SnapshotRequest = z.strictObject({
  name: z
    .string({ error: (issue) => (issue.input === undefined ? 'name is required' : 'must be a string') })
    .min(1, { error: 'name is required' })
    .max(512)
    .refine((name) => !/[\p{Cc}\p{Cs}]/u.test(name), { error: 'must not hold control characters' })
    .describe('Name for people.'),
  description: Listener.shape.description,
  labels: Listener.shape.labels,
})
export type SnapshotRequest = z.output<typeof SnapshotRequest>

/** What an activation may be told; both are for the records. */
export const ActivationRequest = z.strictObject({
  reason: z.string().max(1024).optional().describe('Why, for the log and the history.'),
  force: z.boolean().optional().describe('Activate although stored tests failed.'),
})
export type ActivationRequest = z.output<typeof ActivationRequest>
