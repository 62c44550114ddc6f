import { z } from 'zod'
import { Destination } from './destination.ts'
import { Group } from './group.ts'
import { Listener } from './listener.ts'
import { MiddlewareOverride } from './middleware-override.ts'
import { Retry } from './retry.ts'
import { Route } from './route.ts'
import { Secret } from './secret.ts'
import { ExplainRequest } from './wire/explain-request.ts'
import { Explanation } from './wire/explanation.ts'
import { Ack, Fleet, FleetProxy, Heartbeat } from './wire/fleet.ts'
import { ErrorBody, ProblemSchema } from './wire/problems.ts'
import { SnapshotDocument, SnapshotSummary } from './wire/snapshot-document.ts'

/** A JSON Schema, draft 2020-12, which is what OpenAPI 3.1 has in its components. */
export type JsonSchema = Readonly<Record<string, unknown>>

const entities = { Listener, Destination, Route, Group, Secret }
const parts = { Retry, MiddlewareOverride }
const documents = {
  SnapshotDocument,
  SnapshotSummary,
  Ack,
  Heartbeat,
  Fleet,
  FleetProxy,
  ExplainRequest,
  Explanation,
  Problem: ProblemSchema,
  ErrorBody,
}

/**
 * The `components.schemas` of an OpenAPI 3.1 document: every entity as it may be sent and is stored (defaults are told,
 * not required), every document of the wire, and what the caller adds (the middleware entity). `id` is not required in
 * entities, since the control plane makes one. References between them are `#/components/schemas/Name`.
 */
export function jsonSchemas(more: Readonly<Record<string, z.ZodType>> = {}): Record<string, JsonSchema> {
  const registry = z.registry<{ id: string }>()
  const named = { ...entities, ...parts, ...documents, ...more }
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id })
  const { schemas } = z.toJSONSchema(registry, {
    io: 'input',
    uri: (id) => `#/components/schemas/${id}`,
    unrepresentable: 'any',
  })
  const sent = new Set([...Object.keys(entities), ...Object.keys(more)])
  return Object.fromEntries(
    Object.entries(schemas).map(([id, schema]) => {
      const { $schema: _, $id: __, ...component } = schema
      return [id, sent.has(id) ? withoutRequiredId(component) : component]
    }),
  )
}

function withoutRequiredId(schema: JsonSchema): JsonSchema {
  const alternatives = schema['oneOf']
  if (Array.isArray(alternatives)) return { ...schema, oneOf: alternatives.map(withoutRequiredId) }
  const { required, ...rest } = schema
  const others = Array.isArray(required) ? required.filter((name) => name !== 'id') : []
  return others.length > 0 ? { ...rest, required: others } : rest
}
