import { duration, ExtProcPhases, entityId, headerPattern } from '@vrata/model'
import { z } from 'zod'
import { settingsOf } from './settings.ts'

/** Which headers: deny wins over allow, an empty allow list stands for all. */
const HeaderRules = z.strictObject({
  allowHeaders: z
    .array(headerPattern({ bare: true }))
    .default([])
    .describe('Names; a name may end in *. Empty: all.'),
  denyHeaders: z
    .array(headerPattern({ bare: true }))
    .default([])
    .describe('Names; a name may end in *. Over allowHeaders.'),
})

/** Lets a service of the operator read and change requests and responses. */
export const ExtProc = z.strictObject(
  {
    destinationId: entityId().describe('Id of the destination that processes.'),
    mode: z.enum(['grpc', 'http']).default('grpc').describe('How it is asked.'),
    phaseTimeout: duration({ min: '1ms' }).default('200ms').describe('Limit for the answer to one message.'),
    phases: ExtProcPhases.prefault({}).describe('What the service gets to see.'),
    allowOnError: z.boolean().default(false).describe('Traffic goes on unprocessed when the service fails.'),
    statusOnError: z.int().min(200).max(599).default(500).describe('Status of the answer when the service fails.'),
    allowedMutations: HeaderRules.prefault({}).describe('Headers that the service may change.'),
    forwardRules: HeaderRules.prefault({}).describe('Headers that the service gets to see.'),
    disableReject: z.boolean().default(false).describe('The service cannot refuse requests.'),
    observeMode: z
      .strictObject({
        enabled: z.boolean().default(false).describe('The service only watches; nothing waits for it.'),
        workers: z.int().min(1).max(1024).default(64).describe('Most messages under way.'),
        queueSize: z.int().min(1).max(1_000_000).default(4096).describe('Most messages that wait; more are dropped.'),
      })
      .prefault({})
      .describe('Watching without a say.'),
    metricsPrefix: z.string().min(1).max(128).optional().describe('Stands for the name of the middleware in metrics.'),
  },
  settingsOf('extProc'),
)
