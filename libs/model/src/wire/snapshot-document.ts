import { z } from 'zod'
import type { DestinationInput } from '../destination.ts'
import type { GroupInput } from '../group.ts'
import type { ListenerInput } from '../listener.ts'
import type { RouteInput } from '../route.ts'
import { ProblemSchema } from './problems.ts'

/** A middleware as documents carry it. Its settings stand under the name of its type; `@vrata/middlewares` checks them. */
export interface MiddlewareInput {
  readonly id: string
  readonly name?: string | undefined
  readonly type: string
  readonly [member: string]: unknown
}

/** Everything that a proxy runs, in the form in which it was sent. */
export interface SnapshotConfig {
  listeners: ListenerInput[]
  routes: RouteInput[]
  groups: GroupInput[]
  destinations: DestinationInput[]
  middlewares: MiddlewareInput[]
}

/**
 * Entities in documents: only that they are objects with an id is asked here. Their schemas are asked when the document
 * is compiled, which can name every problem; a refusal here would name none.
 */
function entities<T extends { readonly id: string }>(component: string) {
  const item = z.custom<T>(
    (value) => typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string',
    { error: 'expected an object with an id' },
  )
  return z.array(item.meta({ $ref: `#/components/schemas/${component}` }))
}

const SnapshotConfigSchema = z.object({
  listeners: entities<ListenerInput>('Listener'),
  routes: entities<RouteInput>('Route'),
  groups: entities<GroupInput>('Group'),
  destinations: entities<DestinationInput>('Destination'),
  middlewares: entities<MiddlewareInput>('Middleware'),
})

const timestamp = () => z.string().meta({ format: 'date-time' })

const described = {
  id: z.string().min(1).describe('Identity of the snapshot.'),
  name: z.string().describe('Name for people.'),
  createdAt: timestamp().describe('When it was captured.'),
  hash: z.string().min(1).describe('Fingerprint of the content: equal content has an equal hash.'),
  description: z.string().exactOptional().describe('Free text for people.'),
  labels: z.record(z.string(), z.string()).exactOptional().describe('Labels for filtering and for tools.'),
  createdBy: z.string().exactOptional().describe('Name of the key that captured it.'),
  counts: z.record(z.string(), z.int()).exactOptional().describe('How many entities of each kind it holds.'),
  tests: z
    .object({ passed: z.int(), failed: z.int() })
    .exactOptional()
    .describe('Outcome of the stored tests when it was captured.'),
}

/** A snapshot with its content: what `GET /snapshots/{id}` answers and what the stream carries. */
export const SnapshotDocument = z.object({
  ...described,
  seq: z.int().min(0).exactOptional().describe('Number of the activation that the stream announces.'),
  problems: z.array(ProblemSchema).exactOptional().describe('Warnings of the capture; only in its answer.'),
  snapshot: SnapshotConfigSchema.describe('The content.'),
})
/** A snapshot with its content. */
export type SnapshotDocument = z.output<typeof SnapshotDocument>

/** A snapshot without its content, as lists and activations answer it. */
export const SnapshotSummary = z.object({
  ...described,
  active: z.boolean().describe('Whether it is the one that proxies run.'),
  activatedAt: timestamp().exactOptional().describe('When it was last activated.'),
})
/** A snapshot without its content. */
export type SnapshotSummary = z.output<typeof SnapshotSummary>

/** Data of the stream's event `current`: the client already has what it should run. */
export const SnapshotCurrent = z.object({ id: z.string(), hash: z.string(), seq: z.int().min(0) })
/** Data of the stream's event `current`. */
export type SnapshotCurrent = z.output<typeof SnapshotCurrent>
