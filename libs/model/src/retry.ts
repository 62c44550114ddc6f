import { z } from 'zod'
import { duration } from './formats/duration.ts'
import { httpMethod } from './formats/http.ts'
import { report } from './formats/text.ts'

/** What can make the proxy try again. */
export const retryConditions = ['server-error', 'gateway-error', 'retriable-codes', 'connection-failure'] as const

const defaultConditions: readonly (typeof retryConditions)[number][] = ['server-error', 'connection-failure']

const Backoff = z.strictObject({
  base: duration().default('100ms').describe('Longest wait before the first retry; it doubles for each further one.'),
  max: duration().default('1s').describe('Longest wait.'),
})

/** When and how often a failed request is sent again. */
export const Retry = z
  .strictObject({
    attempts: z.int().min(0).max(100).default(0).describe('Most retries after the first try. 0: none.'),
    perAttemptTimeout: duration({ min: '1ms' })
      .optional()
      .describe('Limit for one try, up to the head of its answer. Absent: none.'),
    on: z
      .array(z.enum(retryConditions))
      .overwrite((conditions) => (conditions.length === 0 ? [...defaultConditions] : conditions))
      .default([...defaultConditions])
      .describe(
        'What is retried: server-error (500-599), gateway-error (502, 503, 504), retriable-codes, connection-failure. Empty: server-error and connection-failure.',
      ),
    retriableCodes: z
      .array(z.int().min(100).max(599))
      .optional()
      .describe('Statuses that are retried when on lists retriable-codes.'),
    grpcCodes: z
      .array(z.int().min(1).max(16))
      .optional()
      .describe('gRPC statuses that are retried when on lists retriable-codes.'),
    methods: z.array(httpMethod()).min(1).optional().describe('Request methods that are retried. Absent: all.'),
    maxBodyBytes: z
      .int()
      .min(0)
      .max(16_777_216)
      .default(65_536)
      .describe('Most bytes of a request body that are kept for another try.'),
    backoff: Backoff.prefault({}).describe('Waiting between tries; the real wait is random below these values.'),
  })
  .check((context) => {
    for (const member of ['retriableCodes', 'grpcCodes'] as const)
      if (context.value[member]?.length && !context.value.on.includes('retriable-codes'))
        report(context, [member], {
          message: `${member} has no effect unless "on" lists "retriable-codes"`,
          code: 'field.unused',
        })
  })
