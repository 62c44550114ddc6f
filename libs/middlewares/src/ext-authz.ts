import {
  duration,
  entityId,
  headerName,
  headerPattern,
  mutableHeaderName,
  pathString,
  requestVariables,
  templateString,
} from '@vrata/model'
import { z } from 'zod'
import { settingsOf } from './settings.ts'

const InjectedHeader = z.strictObject({
  key: mutableHeaderName().describe('Name of the header.'),
  value: templateString(requestVariables, 'header').describe('Value, which may hold variables of the request.'),
  append: z.boolean().default(false).describe('Adds a line beside those that are there, in place of replacing them.'),
})

/** Asks a service of the operator whether a request may pass. */
export const ExtAuthz = z.strictObject(
  {
    destinationId: entityId().describe('Id of the destination that is asked.'),
    mode: z.enum(['http', 'grpc']).default('http').describe('How it is asked.'),
    path: pathString({ absolute: true, empty: true }).default('').describe('Path of the question over HTTP. Empty: /.'),
    decisionTimeout: duration({ min: '1ms' }).default('5s').describe('Limit for the answer.'),
    failureModeAllow: z.boolean().default(false).describe('Requests pass when the service fails.'),
    statusOnError: z.int().min(200).max(599).default(403).describe('Status of the refusal when the service fails.'),
    includeBody: z.boolean().default(false).describe('The service gets the body of the request.'),
    maxBodyBytes: z.int().min(1).default(1_048_576).describe('Largest body that is sent; larger ones get 413.'),
    allowPartialBody: z
      .boolean()
      .default(false)
      .describe('Of a larger body its beginning is sent, in place of refusing the request.'),
    onCheck: z
      .strictObject({
        forwardHeaders: z.array(headerName()).default([]).describe('Request headers that the service gets.'),
        injectHeaders: z.array(InjectedHeader).default([]).describe('Headers that are made for the service.'),
      })
      .prefault({})
      .describe('What the service gets to see.'),
    onAllow: z
      .strictObject({
        copyToUpstream: z
          .array(headerPattern())
          .optional()
          .describe('Headers of the answer that replace those of the request; a name may end in *.'),
      })
      .prefault({})
      .describe('What happens when the request may pass.'),
    onDeny: z
      .strictObject({
        copyToClient: z
          .array(headerPattern())
          .default([])
          .describe('Headers of the answer that the client gets; a name may end in *.'),
      })
      .prefault({})
      .describe('What happens when it may not.'),
  },
  settingsOf('extAuthz'),
)
