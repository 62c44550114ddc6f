import { z } from 'zod'
import { headerValue, mutableHeaderName } from './formats/http.ts'

/** Answers without asking anybody. */
export const DirectResponse = z.strictObject({
  status: z.int().min(200).max(599).describe('Status, 200 to 599.'),
  body: z.string().default('').describe('Body of the answer.'),
  headers: z
    .record(mutableHeaderName(), headerValue())
    .default({})
    .describe(
      'Headers of the answer. Without a content-type it is JSON if the body is a JSON object or list, else plain text.',
    ),
})
