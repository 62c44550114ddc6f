import { z } from 'zod'

const headers = z.enum(['send', 'skip'])
const body = z.enum(['none', 'buffered', 'bufferedPartial', 'streamed'])

/** What an external processor gets to see of a request and its response. */
export const ExtProcPhases = z.strictObject({
  requestHeaders: headers.default('send').describe('Whether the head of the request is sent.'),
  responseHeaders: headers.default('send').describe('Whether the head of the response is sent.'),
  requestBody: body.default('none').describe('Whether and how the body of the request is sent.'),
  responseBody: body.default('none').describe('Whether and how the body of the response is sent.'),
  maxBodyBytes: z
    .int()
    .min(1)
    .optional()
    .describe(
      'Most bytes of a body that are held. Absent: 1 MiB for bufferedPartial, the limit of the proxy for buffered.',
    ),
})
