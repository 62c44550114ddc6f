import { duration } from '@vrata/model'
import { z } from 'zod'
import { mediaRange } from './media-range.ts'
import { settingsOf } from './settings.ts'

/** Refuses requests that are too large, too slow or of the wrong kind. */
export const RequestLimits = z.strictObject(
  {
    maxBodyBytes: z.int().min(1).optional().describe('Largest body in bytes; larger ones get 413. Absent: no limit.'),
    maxUrlBytes: z
      .int()
      .min(1)
      .optional()
      .describe('Longest request target in bytes; longer ones get 414. Absent: no limit.'),
    maxHeaderCount: z.int().min(1).optional().describe('Most header lines; more get 431. Absent: no limit.'),
    requireContentLength: z.boolean().default(false).describe('Bodies of unknown length get 411.'),
    allowedContentTypes: z
      .array(mediaRange())
      .min(1)
      .optional()
      .describe('Content types of bodies, such as application/json or image/*; others get 415. Absent: all.'),
    bodyIdleTimeout: duration({ min: '1ms' })
      .default('30s')
      .describe('Time without progress while a body arrives; then 408.'),
  },
  settingsOf('requestLimits'),
)
