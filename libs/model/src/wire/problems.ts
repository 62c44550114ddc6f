import { z } from 'zod'
import { entityKinds } from '../entity-kinds.ts'
import type { Problem } from '../problem.ts'

const EntityRefSchema = z.object({
  kind: z.enum([...entityKinds, 'test', 'snapshot', 'config']).describe('What it is.'),
  id: z.string().exactOptional().describe('Absent while none is assigned.'),
  name: z.string().exactOptional(),
})

/** A problem as answers and reports carry it. Members that a later version adds are dropped when it is read. */
export const ProblemSchema: z.ZodType<Problem, Problem> = z.object({
  entity: EntityRefSchema.describe('Which entity it is about.'),
  pointer: z.string().describe('JSON pointer (RFC 6901) into the entity; empty for the whole.'),
  message: z.string().describe('What is wrong, one sentence.'),
  suggestion: z.string().exactOptional().describe('What was probably meant.'),
  severity: z.enum(['error', 'warning', 'info']).describe('error refuses, warning and info only tell.'),
  code: z.string().exactOptional().describe('Stable word for programs, such as reference.missing.'),
})

/** Codes of error answers with their HTTP status. */
export const errorStatus = {
  bad_json: 400,
  invalid: 400,
  capture_refused: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  id_exists: 409,
  snapshot_active: 409,
  tests_failed: 409,
  rollout_in_progress: 409,
  idempotency_in_progress: 409,
  conflict: 409,
  precondition_failed: 412,
  too_large: 413,
  unsupported_media_type: 415,
  idempotency_mismatch: 422,
  too_many_requests: 429,
  internal: 500,
  unavailable: 503,
  unknown_outcome: 504,
  storage_full: 507,
} as const

/** A word that says what kind of error an answer is. */
export type ErrorCode = keyof typeof errorStatus

/** Body of every answer of the control plane with a status of 400 and above. */
export const ErrorBody = z.object({
  error: z.string().describe('What is wrong, one sentence.'),
  code: z.string().describe('Stable word for programs, such as invalid or not_found.'),
  requestId: z.string().exactOptional().describe('Identity of the request in logs.'),
  problems: z.array(ProblemSchema).exactOptional().describe('Every single thing that is wrong; at most 500.'),
  truncated: z.boolean().exactOptional().describe('There were more problems than are listed.'),
})
/** Body of an error answer. */
export type ErrorBody = z.output<typeof ErrorBody>
