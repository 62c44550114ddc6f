import { ifMatch, ifNoneMatch, listHeaders, tagHeaders } from './described-headers.ts'
import { component, type Operation } from './endpoint.ts'

const tag = 'snapshots'
const full = component('SnapshotDocument')
const short = component('SnapshotSummary')

/** What the API document says of the snapshots' endpoints. */
export const snapshotOperations = {
  list: {
    id: 'listSnapshots',
    tag,
    summary: 'All snapshots, newest first',
    headers: [ifNoneMatch],
    answers: {
      200: { description: 'Their summaries.', schema: { type: 'array', items: short }, headers: listHeaders },
      304: { description: 'Nothing in the store has changed.' },
    },
  },
  capture: {
    id: 'captureSnapshot',
    tag,
    summary: 'Capture what is staged',
    description: 'Fills secrets in and compiles everything as proxies do; refused with all problems, or stored.',
    body: { schema: component('SnapshotRequest'), required: true },
    answers: {
      201: { description: 'The whole snapshot; warnings in `problems`.', schema: full, headers: tagHeaders },
    },
    errors: ['bad_json', 'invalid', 'capture_refused', 'too_large', 'unsupported_media_type', 'storage_full'],
  },
  get: {
    id: 'getSnapshot',
    tag,
    summary: 'One snapshot',
    headers: [ifNoneMatch],
    answers: {
      200: { description: 'The whole snapshot, with secrets filled in.', schema: full, headers: tagHeaders },
      304: { description: 'The client knows it.' },
    },
    errors: ['invalid', 'not_found'],
  },
  remove: {
    id: 'deleteSnapshot',
    tag,
    summary: 'Delete a snapshot',
    description: 'The active one only by force; proxies keep what they run.',
    headers: [ifMatch],
    answers: { 204: { description: 'Deleted.' } },
    errors: ['invalid', 'not_found', 'snapshot_active', 'conflict', 'precondition_failed', 'storage_full'],
  },
  activate: {
    id: 'activateSnapshot',
    tag,
    summary: 'Make proxies run a snapshot',
    description: 'Activating an older one is the rollback. The body may be missing, `null` or `{}`.',
    headers: [ifMatch],
    body: { schema: component('ActivationRequest'), required: false },
    answers: { 200: { description: 'Its summary.', schema: short, headers: tagHeaders } },
    errors: [
      'bad_json',
      'invalid',
      'not_found',
      'conflict',
      'precondition_failed',
      'too_large',
      'unsupported_media_type',
      'storage_full',
    ],
  },
} as const satisfies Record<string, Operation>
